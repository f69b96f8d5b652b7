import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import { command, hello, telemetry } from '../../src/core/items.ts'
import { Judge, type JudgedRing } from '../../src/core/judge.ts'
import type { Direction } from '../../src/core/meter.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { nameOf, type Slot } from '../../src/core/slot.ts'

function rig(state: Partial<Pick<JudgedRing, 'gone' | 'halted' | 'ahead'>> = {}) {
  const told: unknown[] = []
  const turned: unknown[] = []
  let halted = 0
  const connection = new Connection({ id: 'c', pipeline: 'p' })
  const ring: JudgedRing = {
    connection,
    halves: [{ refuse: ({ code }) => `refused: ${code}` as never }],
    policy: defaultPolicy,
    ahead: -1,
    gone: false,
    halted: false,
    halt: () => void halted++,
    turn: (item) => void turned.push(item) as undefined,
    enterOutside: (_stage, item) => void told.push(item) as undefined,
    ...state,
  }
  const slotOf = (stage: number, direction: Direction): Slot => {
    const meter = connection.meter.stage(`s${stage}`, direction)
    return { stage, meter, push() {}, pushAll: undefined, end: undefined }
  }
  return { judge: new Judge(ring), connection, told, turned, slotOf, halts: () => halted }
}

const error = (code: ErrorCode) => new GatewayError(code, 'x')

test('a slot is named as errors have it', () => {
  assert.equal(nameOf(rig().slotOf(2, 'down')), 's2.down')
})

test('an error that answers no item is told to the device, counted, and named by its slot', () => {
  const { judge, told, slotOf } = rig()
  const bad = error('BAD_CONTENT')
  const slot = slotOf(1, 'up')
  assert.deepEqual(judge.failed(bad, 'a line', slot), { goesOn: undefined, held: undefined })
  assert.deepEqual(told, ['refused: BAD_CONTENT'])
  assert.equal(bad.stage, 's1.up')
  assert.equal(slot.meter.errors.get('BAD_CONTENT'), 1)
  assert.equal(judge.failure, undefined)
})

test('an error that closes shuts its stage and those outside of it, and halts once the step is off the stack', async () => {
  const { judge, slotOf, halts } = rig()
  judge.failed(error('FRAME_TOO_LONG'), 'bytes', slotOf(1, 'up'))
  assert.deepEqual([judge.isShut(0), judge.isShut(1), judge.isShut(2)], [true, true, false])
  assert.equal(halts(), 0)
  await new Promise(setImmediate)
  assert.equal(halts(), 1)
  assert.equal(judge.failure?.code, 'FRAME_TOO_LONG')
})

test('a reading that fails before the device is known came too early, whatever else is wrong with it', () => {
  const { judge, slotOf } = rig()
  judge.failed(error('BAD_CONTENT'), telemetry(Buffer.of()), slotOf(1, 'up'))
  assert.equal(judge.failure?.code, 'NOT_IDENTIFIED')
})

test('a hello that fails ends the connection with its receipt, a command goes back with its own', () => {
  const { judge, turned, slotOf } = rig()
  judge.failed(error('HUB_UNAVAILABLE'), hello({ deviceId: 'd1' }), slotOf(1, 'up'))
  judge.failed(error('BAD_CONTENT'), command('1', Buffer.of()), slotOf(1, 'down'))
  assert.deepEqual(
    turned.map((item) => (item as { outcome: string }).outcome),
    ['abandon', 'reject'],
  )
  assert.equal(judge.failure?.code, 'HUB_UNAVAILABLE')
})

test('what fails because the ring is gone, or is cut off by halting it, is nobody’s fault', () => {
  const gone = rig({ gone: true })
  gone.judge.failed(error('BUG'), 'x', gone.slotOf(0, 'up'))
  const halted = rig({ halted: true })
  halted.judge.failed(error('FRAME_UNTERMINATED'), 'x', halted.slotOf(0, 'up'))
  for (const { judge, told, connection } of [gone, halted]) {
    assert.deepEqual([judge.failure, told], [undefined, []])
    assert.deepEqual([...connection.meter.stage('s0', 'up').errors], [])
  }
})

test('of several failures the first is the reason', () => {
  const { judge } = rig()
  judge.fail(error('CONNECTION_LOST'))
  judge.fail(error('BUG'))
  assert.equal(judge.failure?.code, 'CONNECTION_LOST')
})
