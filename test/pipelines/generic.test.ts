import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { Pipeline } from '../../src/core/pipeline.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'
import { hex } from '../stages/refusals.ts'
import { examples } from './generic-examples.ts'

const page = readFileSync(resolve('docs', 'protocols', 'generic.md'), 'utf8')
const source = readFileSync(resolve('test', 'pipelines', 'generic-examples.ts'), 'utf8')

/** Each example of the page with the conversation that follows it. */
const told = [...page.matchAll(/```ts\n(export const (\w+) = [\s\S]*?)```\n[\s\S]*?```\n(device [\s\S]*?)```/g)].map(
  ([, code = '', name = '', talk = '']) => ({
    code,
    name: name as keyof typeof examples,
    talk: talk.trim().split('\n'),
  }),
)

test('the page has every example', () => {
  assert.deepEqual(told.map(({ name }) => name).sort(), Object.keys(examples).sort())
})

for (const { code, name, talk } of told) {
  test(`${name} is as it was compiled, and says what the page says`, async () => {
    assert.ok(source.includes(code), code)
    await converse(examples[name], talk)
  })
}

/** Plays lines such as `device   PING`, `gateway  PONG`, `hub      d1 {…}`, `command  name: body`, `complete`. */
async function converse(make: (to: MemoryHub) => Pipeline, talk: readonly string[]): Promise<void> {
  const to = memoryHub()
  const device = embed(make(to))
  const isText = make(memoryHub()).name.endsWith('Lines')
  const bytesOf = (said: string) => (isText ? Buffer.from(`${said}\r\n`) : hex(said.replace(/ *;.*/, '')))
  let seen = 0
  let settled = 0
  for (const line of talk) {
    const [, who, said = ''] = /^(\w+) *(.*)$/.exec(line) as RegExpExecArray
    if (who === 'device') device.write(bytesOf(said))
    else if (who === 'gateway') {
      const wanted = bytesOf(said)
      assert.equal((await device.read(wanted.length)).toString('latin1'), wanted.toString('latin1'), line)
    } else if (who === 'command') {
      const [, named = '', body = ''] = /^(\w+): (.*)$/.exec(said) as RegExpExecArray
      to.queueCommand(to.accepted[0]?.deviceId as string, body, { name: named })
    } else if (who === 'hub') {
      await to.until(() => to.accepted.length > seen)
      const { deviceId, message } = to.accepted[seen++] as (typeof to.accepted)[0]
      assert.equal(`${deviceId} ${message.body}`, said)
    } else {
      await to.until(() => to.settled.length > settled)
      assert.equal(to.settled[settled++]?.outcome, who)
    }
  }
  device.end()
  await device.ended()
  assert.deepEqual([device.pending().length, to.accepted.length, to.settled.length], [0, seen, settled])
}
