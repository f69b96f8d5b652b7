import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lines } from '../../src/core/levels.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import type { ActiveHalf, Endpoint } from '../../src/core/stage.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed } from '../../src/testing.ts'
import { ScriptedHalf, turnOver, until } from './scripted-half.ts'
import { latch } from './slots.ts'
import { lineStage, marks, mirror } from './text-pipelines.ts'

/** A stage of an active half in each direction, which writes its name on what passes. */
function activeMarks(name: string) {
  const half = (mark: string): ActiveHalf<string, string> => {
    const each: ScriptedHalf = new ScriptedHalf({ push: (line) => each.context.give(`${line}${mark}`) })
    return each as ActiveHalf<string, string>
  }
  return lineStage(name, () => ({ up: half(`>${name}`), down: half(`<${name}`) }))
}

/** A stage whose up half is given. */
function above(name: string, half: ScriptedHalf) {
  return lineStage(name, () => ({ up: half as ActiveHalf<string, string> }))
}

/** An endpoint that is given. */
function ending(half: ScriptedHalf): Endpoint<Lines> {
  return { name: 'end', open: () => half as ActiveHalf<string, string> }
}

const ways = [
  { name: 'fused', of: (plant: Pipeline) => plant },
  { name: 'unfused', of: (plant: Pipeline) => plant.with({ fuse: false }) },
]

for (const { name, of } of ways) {
  test(`active halves mix with steps and streams in any order (${name})`, async () => {
    const forms = [(of: string) => marks(of), (of: string) => marks(of, 'streams'), activeMarks]
    for (let mask = 0; mask < 27; mask++) {
      const at = (place: number, of: string) => (forms[Math.floor(mask / 3 ** place) % 3] as typeof activeMarks)(of)
      for (const endpoint of [mirror, ending(new ScriptedHalf())]) {
        const device = embed(of(pipeline('p', lines(), at(0, 'a'), at(1, 'b'), at(2, 'c'), endpoint)))
        device.write('x\ny\n')
        device.end()
        await device.ended()
        assert.equal(device.pending().toString(), 'x>a>b>c<c<b<a\ny>a>b>c<c<b<a\n', `mask ${mask}`)
        assert.equal(device.ring.failure, undefined)
      }
    }
  })

  test(`an endpoint that gives while it is pushed gives in order (${name})`, async () => {
    const device = embed(of(pipeline('p', lines(), marks('a'), ending(new ScriptedHalf()))))
    const sent = Array.from({ length: 500 }, (_, index) => `${index}`)
    device.write(`${sent.join('\n')}\n`)
    device.end()
    await device.ended()
    assert.equal(device.pending().toString(), sent.map((line) => `${line}>a<a\n`).join(''))
  })

  test(`what a half keeps goes out at the FIN of the device, and when this side halts (${name})`, async () => {
    for (const end of ['end', 'halt'] as const) {
      const kept: unknown[] = []
      const half: ScriptedHalf = new ScriptedHalf({
        push: (line) => void kept.push(line),
        end: () => half.context.give(kept.join('+')),
      })
      const device = embed(of(pipeline('p', lines(), above('keep', half), marks('a'), ending(new ScriptedHalf()))))
      device.write('1\n2\n')
      await turnOver()
      if (end === 'end') device.end()
      else device.ring.halt()
      await device.ended()
      assert.equal(device.pending().toString(), '1+2>a<a\n', end)
      await until(() => half.calls.includes('destroy'))
      assert.deepEqual(half.calls, ['start', 'push 1', 'push 2', 'end', 'destroy'])
    }
  })

  test(`a half that fails ends its connection with its name, and no other (${name})`, async () => {
    const fails = lineStage('fails', () => {
      const half: ScriptedHalf = new ScriptedHalf({
        push: (line) => (line === 'bad' ? Promise.reject(new Error('broke')) : half.context.give(line)),
      })
      return { up: half as ActiveHalf<string, string> }
    })
    const plant = of(pipeline('p', lines(), fails, mirror))
    const [one, other] = [embed(plant), embed(plant)]
    one.write('bad\n')
    await one.ended()
    await until(() => one.ring.failure !== undefined)
    assert.deepEqual([one.ring.failure?.stage, one.ring.failure?.message], ['fails.up', 'broke'])
    other.write('good\n')
    assert.equal(await other.next(), 'good\n')
    other.ring.destroy()
  })

  test(`a ring that is destroyed destroys every half of it once, whatever they wait for (${name})`, async () => {
    const calls: string[] = []
    const never = new Promise<void>(() => {})
    const first = new ScriptedHalf({}, 'first', calls)
    const second = new ScriptedHalf({ push: () => never }, 'second', calls)
    const device = embed(of(pipeline('p', lines(), above('first', first), above('second', second), ending(second))))
    device.write('x\ny\n')
    await turnOver()
    device.ring.destroy()
    device.ring.destroy()
    await device.ended()
    assert.deepEqual(
      calls.filter((call) => call.endsWith('destroy')),
      ['first destroy', 'second destroy', 'second destroy'],
    )
    assert.equal(device.ring.failure, undefined)
    assert.equal(first.context.give('late'), undefined)
  })

  test(`an endpoint that waits holds the device, with a bounded number of items on their way (${name})`, async () => {
    const gate = latch()
    const half: ScriptedHalf = new ScriptedHalf({ push: () => gate.opened })
    const device = embed(of(pipeline('p', lines(), marks('a'), activeMarks('b'), ending(half))))
    let sent = 0
    while (sent < 100_000 && device.write(`${sent}\n`)) {
      sent++
      if (sent % 16 === 0) await turnOver()
    }
    assert.ok(sent < 100_000)
    assert.equal(device.ring.blocked, true)
    assert.deepEqual(half.calls, ['start', 'push 0>a>b'])
    gate.open()
    device.end()
    await device.ended()
    assert.equal(half.calls.filter((call) => call.startsWith('push')).length, sent + 1)
  })

  test(`a reply from the way down goes up to a half that has nothing before it (${name})`, async () => {
    const again = lineStage('again', () => ({
      down: (line, out) => (line.includes('again') ? out.emit(line) : out.reply(`${line} again`)),
    }))
    const half: ScriptedHalf = new ScriptedHalf({
      async push(line) {
        await turnOver()
        await half.context.give(line)
      },
    })
    const device = embed(of(pipeline('p', lines(), again, ending(half))))
    device.write('x\n')
    assert.equal(await device.next(), 'x again\n')
    device.ring.destroy()
  })
}

test('a ring that is destroyed while its lane ends behind a push that then rejects is gone like any other', async () => {
  const collects: ScriptedHalf = new ScriptedHalf({
    push: () => {},
    end: () => void collects.context.give('all'),
  })
  const plant = pipeline('p', lines(), above('collect', collects), {
    name: 'end',
    open: ({ signal }) => {
      const push = () =>
        new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
      return new ScriptedHalf({ push }) as ActiveHalf<string, string>
    },
  })
  const device = embed(plant)
  device.end()
  await turnOver()
  device.ring.destroy()
  await device.ended()
  await turnOver()
  assert.equal(device.ring.failure, undefined)
})
