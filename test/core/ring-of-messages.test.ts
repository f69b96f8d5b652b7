import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Messages } from '../../src/core/levels.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import { type Stage, type Step, stage, type TurnStep } from '../../src/core/stage.ts'
import { type Authenticator, authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'
import { latch } from './slots.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'
const welcome = '{"$welcome":"d1"}\n'

const nothing = stage<Messages, Messages>('nothing', () => ({}))
const untouched = stage<Messages, Messages>('untouched', () => ({}))
const streams = stage<Messages, Messages>('streams', () => ({
  up: new PassThrough({ objectMode: true }),
  down: new PassThrough({ objectMode: true }),
}))

/** The forms that a ring can have. */
const forms = ['fused', 'unfused', 'with streams between'] as const
type Form = (typeof forms)[number]

function built(form: Form, to: MemoryHub, user: Stage<Messages, Messages>, authenticator = fromHello()): Pipeline {
  const between = form === 'with streams between' ? streams : nothing
  const auth = authenticate(authenticator)
  const plant = pipeline('p', lines(), json(), between, user, auth, batch({ lingerMs: 0 }), hub(to))
  return plant.with({ fuse: form !== 'unfused' })
}

test('a command that a stage cannot deliver is settled with the hub, as its error says', async () => {
  const picky = stage<Messages, Messages>('picky', () => ({
    down(item, out) {
      if (item.kind !== 'command') return out.emit(item)
      const code = item.body.toString() === 'never' ? 'BAD_CONTENT' : 'HUB_TIMEOUT'
      throw new GatewayError(code, 'cannot be said')
    },
  }))
  for (const form of forms) {
    const to = memoryHub()
    const device = embed(built(form, to, picky))
    device.write(greeting)
    assert.equal(await device.next(), welcome)
    to.queueCommand('d1', 'never')
    await to.until(() => to.settled.length === 1)
    assert.equal(to.settled[0]?.outcome, 'reject')
    to.queueCommand('d1', 'later')
    await to.until(() => to.settled.length >= 2)
    assert.equal(to.settled[1]?.outcome, 'abandon')
    device.ring.destroy()
    await device.ended()
    assert.equal(device.pending().length, 0, 'nothing of it reached the device')
  }
})

test('a halt while the hello is being answered lets the answer out, and what was taken behind the hello', async () => {
  for (const form of forms) {
    const to = memoryHub()
    const gate = latch()
    const slow: Authenticator = async (hello, connection) => {
      await gate.opened
      return fromHello()(hello, connection)
    }
    const device = embed(built(form, to, untouched, slow))
    device.write(`${greeting}{"$seq":1}\n{"$seq":2}\n{"unfinished`)
    await new Promise(setImmediate)
    device.ring.halt()
    await new Promise(setImmediate)
    assert.equal(device.pending().length, 0)
    gate.open()
    await device.ended()
    assert.equal(device.pending().toString(), `${welcome}{"$ack":1}\n{"$ack":2}\n`)
    assert.equal(device.ring.failure, undefined)
    assert.equal(to.sessions.size, 0)
  }
})

test('a ring destroyed while its hello is being answered opens no session that stays', async () => {
  for (const form of forms) {
    const to = memoryHub()
    const gate = latch()
    const slow: Authenticator = async (hello, connection) => {
      await gate.opened
      return fromHello()(hello, connection)
    }
    const device = embed(built(form, to, untouched, slow))
    device.write(`${greeting}{"$seq":1}\n`)
    await new Promise(setImmediate)
    device.ring.destroy()
    await device.ended()
    gate.open()
    await new Promise(setImmediate)
    assert.equal(to.sessions.size, 0)
    assert.equal(to.accepted.length, 0)
    assert.equal(device.ring.connection.identity, undefined)
    assert.equal(device.ring.failure, undefined)
  }
})

test('a hello is refused for good: what waited behind it is not answered', async () => {
  for (const form of forms) {
    const to = memoryHub({ keys: { d1: 'right' } })
    const device = embed(built(form, to, untouched))
    device.write(`${greeting}{"$seq":1}\n{"$ping":1}\nwhat?\n`)
    await device.ended()
    assert.match(device.pending().toString(), /^\{"\$error":\{"code":"UNAUTHORIZED"[^\n]*\n$/)
    assert.equal(device.ring.failure?.code, 'UNAUTHORIZED')
    assert.deepEqual([...device.ring.connection.meter.receipts], [['hello', { complete: 0, abandon: 0, reject: 1 }]])
  }
})

test('an item refused by one stage keeps its place through those further in, none of which sees it', async () => {
  const seen: unknown[] = []
  const see: Step<Messages['up'], Messages['up'], Messages['down']> = (item, out) => {
    if (item.kind === 'telemetry') seen.push(item.tag)
    out.emit(item)
  }
  const atOnce: TurnStep<Messages['up'], Messages['up'], Messages['down']> = {
    push: see,
    pushAll(items, out) {
      for (const item of items) void see(item, out)
      return items.length
    },
  }
  for (const [form, up] of forms.flatMap((each) => [see, atOnce].map((step) => [each, step] as const))) {
    seen.length = 0
    const to = memoryHub()
    const watching = stage<Messages, Messages>('watching', () => ({ up }))
    const device = embed(built(form, to, watching))
    device.write(`${greeting}{"$seq":1}\n{"$seq":2,"$properties":0}\n{"$seq":3}\n`)
    device.end()
    await device.ended()
    assert.equal(
      device.pending().toString(),
      `${welcome}{"$ack":1}\n{"$nack":2,"code":"BAD_CONTENT","retry":false}\n{"$ack":3}\n`,
    )
    assert.deepEqual(seen, [1, 3])
  }
})
