import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { command, hello, telemetry } from '../../src/core/items.ts'
import { Judge } from '../../src/core/judge.ts'
import { DownContext, UpContext } from '../../src/core/lane-context.ts'
import type { RunContext } from '../../src/core/slot.ts'
import { LoneRing, type LoneRingOptions } from './judged-ring.ts'
import { latch } from './slots.ts'

function contexts(options: LoneRingOptions = {}) {
  const ring = new LoneRing(options)
  const judge = new Judge(ring)
  return {
    ring,
    judge,
    up: new UpContext(judge, ring, false),
    ahead: new UpContext(judge, ring, true),
    down: new DownContext(judge, ring),
  }
}

const bad = () => new GatewayError('BAD_CONTENT', 'bad')

test('until the device is known, a run of the way up waits for the answer to a hello, and for nothing else', async () => {
  const { ring, up } = contexts()
  const greeting = hello({ deviceId: 'd1' })
  assert.equal(up.identified(), false)
  assert.equal(up.answered('line'), undefined)
  assert.equal(up.answered(telemetry(Buffer.of())), undefined)
  const answered = up.answered(greeting)
  assert.ok(answered instanceof Promise)
  await ring.identify()
  await answered
  assert.equal(up.identified(), true)
  assert.equal(up.answered(greeting), undefined)
})

test('a hello that is refused is answered, too', async () => {
  const { ring, up } = contexts()
  const answered = up.answered(hello({ deviceId: 'd1' }))
  ring.connection.helloRefused()
  await answered
  assert.equal(up.identified(), false)
})

test('a run that reads ahead waits for no hello', () => {
  const { ahead } = contexts()
  assert.equal(ahead.identified(), true)
  assert.equal(ahead.answered(hello({ deviceId: 'd1' })), undefined)
})

test('no step of a known device sees an item that was refused', async () => {
  const { ring, up } = contexts()
  const [refused, other] = [telemetry(Buffer.of()), telemetry(Buffer.of())]
  await ring.identify()
  up.failed(bad(), refused, ring.slot(0, 'up'))
  assert.equal(up.refused(refused), true)
  assert.equal(up.refused(other), false)
  assert.equal(up.refused('line'), false)
})

test('before the device is known, who judges what comes too early sees what a stage that reads ahead has refused', async () => {
  const { ring, up, ahead } = contexts({ ahead: 0 })
  const refused = telemetry(Buffer.of())
  ahead.failed(bad(), refused, ring.slot(0, 'up'))
  assert.equal(ahead.refused(refused), true)
  assert.equal(up.refused(refused), false)
  await ring.identify()
  assert.equal(up.refused(refused), true)
})

test('an error that closes shuts the way up and not the way down', () => {
  const { ring, up, down } = contexts({ policy: () => 'close' })
  assert.equal(up.shut(0), false)
  up.failed(bad(), 'line', ring.slot(1, 'up'))
  assert.deepEqual(
    [0, 1, 2].map((stage) => up.shut(stage)),
    [true, true, false],
  )
  assert.equal(down.shut(), false)
})

test('a reply is turned round by the ring, which says what it waits for', () => {
  const gate = latch()
  const { ring, up, down } = contexts({ held: gate.opened })
  assert.equal(up.reply('a', ring.slot(0, 'up')), gate.opened)
  assert.equal(down.reply('b', ring.slot(1, 'down')), gate.opened)
  assert.deepEqual(ring.turned, [
    ['s0.up', 'a'],
    ['s1.down', 'b'],
  ])
})

test('a command goes down only before its time is over; everything else, and the way up, has no time', () => {
  const { up, down } = contexts()
  const open = command('c1', Buffer.of(), { writeBefore: Number.POSITIVE_INFINITY })
  const over = command('c2', Buffer.of(), { writeBefore: 0 })
  down.assertTimely(open)
  assert.throws(() => down.assertTimely(over), { code: 'COMMAND_EXPIRED' })
  for (const item of ['line', Buffer.of(1), { kind: 'receipt', of: over }]) down.assertTimely(item)
  const asRun: RunContext = up
  asRun.assertTimely(over)
})

test('the way down waits for no hello, and hides no item that was refused', async () => {
  const { ring, up, down } = contexts()
  const refused = telemetry(Buffer.of())
  assert.equal(down.identified(), true)
  assert.equal(down.answered(), undefined)
  await ring.identify()
  up.failed(bad(), refused, ring.slot(0, 'up'))
  assert.equal(down.refused(), false)
})

test('runs of the way up are told of trouble: what is refused and travels on, and what closes; those that come later, too', async () => {
  for (const policy of [() => 'drop' as const, () => 'close' as const]) {
    const { ring, up, ahead, down } = contexts({ policy })
    const runs = [up, ahead, down].map((context) => ({ context, run: { troubled: false } }))
    for (const { context, run } of runs) (context as RunContext).watch(run)
    await ring.identify()
    up.failed(bad(), policy() === 'drop' ? telemetry(Buffer.of()) : 'line', ring.slot(0, 'up'))
    assert.deepEqual(
      runs.map(({ run }) => run.troubled),
      [true, true, false],
    )
    const later = { troubled: false }
    up.watch(later)
    assert.equal(later.troubled, true)
  }
})

test('what fails and is gone troubles no run', () => {
  const { ring, up } = contexts()
  const run = { troubled: false }
  up.watch(run)
  up.failed(bad(), 'line', ring.slot(0, 'up'))
  assert.equal(run.troubled, false)
})
