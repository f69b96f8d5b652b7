import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { command, hello, telemetry } from '../../src/core/items.ts'
import { Judge, type JudgedRing } from '../../src/core/judge.ts'
import { DownContext, UpContext } from '../../src/core/lane-context.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { Slot } from '../../src/core/slot.ts'

function rig() {
  const connection = new Connection({ id: 'c', pipeline: 'p' })
  const ring: JudgedRing = {
    connection,
    halves: [],
    policy: defaultPolicy,
    ahead: -1,
    gone: false,
    halted: false,
    halt() {},
    turn: () => undefined,
    enterOutside: () => undefined,
  }
  const judge = new Judge(ring)
  const slot: Slot = {
    stage: 0,
    meter: connection.meter.stage('s', 'up'),
    push() {},
    pushAll: undefined,
    end: undefined,
  }
  return { connection, judge, ring, slot }
}

const bad = new GatewayError('BAD_CONTENT', 'bad')

test('on the way up nothing is known before the hello, except where a stage reads ahead of it', async () => {
  const { connection, judge, ring } = rig()
  const up = new UpContext(judge, ring, false)
  const ahead = new UpContext(judge, ring, true)
  assert.deepEqual([up.identified(), ahead.identified()], [false, true])
  const answered = up.answered(hello({ deviceId: 'd1' }))
  assert.ok(answered instanceof Promise)
  assert.equal(up.answered(telemetry(Buffer.of())), undefined)
  assert.equal(ahead.answered(hello({ deviceId: 'd1' })), undefined)
  await connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
  await answered
  assert.equal(up.identified(), true)
})

test('what was refused is seen by no step once the device is known', async () => {
  const { connection, judge, ring, slot } = rig()
  await connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
  const up = new UpContext(judge, ring, false)
  const reading = telemetry(Buffer.of())
  assert.equal(up.refused(reading), false)
  assert.equal(up.failed(bad, reading, slot).goesOn, reading)
  assert.equal(up.refused(reading), true)
  assert.equal(up.refused(telemetry(Buffer.of())), false)
})

test('the way down waits for nothing and is never shut, but lets no command pass whose time is over', () => {
  const { judge, ring } = rig()
  const down = new DownContext(judge, ring)
  assert.deepEqual([down.identified(), down.shut(), down.refused(), down.answered()], [true, false, false, undefined])
  down.assertTimely(command('1', Buffer.of()))
  const late = command('2', Buffer.of(), { writeBefore: 0 })
  assert.throws(() => down.assertTimely(late), { code: 'COMMAND_EXPIRED' })
})
