import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ActiveSlot } from '../../src/core/active-slot.ts'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import { standingClock } from './clock.ts'
import { ScriptedHalf, turnOver } from './scripted-half.ts'
import { latch } from './slots.ts'

/** A half in its place; what it fails with closes it, as its stream does. */
function placed(half: ScriptedHalf, receive: (item: unknown) => Promise<void> | undefined = () => undefined) {
  const meter = new PipelineMeter('lone').stage('half', 'up')
  const boundary = new BackpressureWatch().boundary(meter)
  const failures: GatewayError[] = []
  const given: unknown[] = []
  const next = {
    receive(item: unknown) {
      given.push(item)
      return receive(item)
    },
  }
  const stream = {
    fail(error: GatewayError) {
      failures.push(error)
      slot.close()
    },
  }
  const slot: ActiveSlot = new ActiveSlot({ half, stage: 3, direction: 'up', boundary }, next, stream)
  return { slot, meter, boundary, failures, given }
}

/** Pushes that wait until a test lets them in, one latch each. */
function waiting(count: number) {
  const latches = Array.from({ length: count }, latch)
  let pushed = 0
  return { latches, push: () => latches[pushed++]?.opened }
}

test('a half is started with its place, once, before anything else', () => {
  const half = new ScriptedHalf()
  const { slot } = placed(half)
  slot.receive('a')
  assert.deepEqual(half.calls, ['start', 'push a'])
  assert.equal(slot.stage, 3)
  assert.equal(slot.direction, 'up')
})

test('what a half takes at once holds nobody', () => {
  const { slot, boundary } = placed(new ScriptedHalf())
  assert.equal(slot.receive('a'), undefined)
  assert.equal(slot.take('b'), undefined)
  assert.equal(boundary.held, false)
})

test('for a run before it, it takes items one by one and has room for as long as it takes them', () => {
  const half = new ScriptedHalf()
  const { slot, given } = placed(half)
  assert.equal(slot.givesBytes, false)
  assert.equal(slot.room(), undefined)
  slot.take('a')
  slot.take('b')
  assert.deepEqual(given, ['a', 'b'])
})

test('a push that waits holds what comes before until it resolves, and the half is charged for that time', async (t) => {
  const clock = standingClock(t)
  const gate = latch()
  const { slot, boundary, meter } = placed(new ScriptedHalf({ push: () => gate.opened }))
  const pending = slot.receive('a')
  assert.ok(pending instanceof Promise)
  clock.now += 40
  assert.equal(boundary.held, true)
  assert.equal(meter.blocked.read(clock.now), 40)
  gate.open()
  await pending
  assert.equal(boundary.held, false)
  clock.now += 50
  assert.equal(meter.blocked.read(clock.now), 40)
})

test('calls never overlap: what comes while a push waits is pushed when that has resolved, in its order', async () => {
  const { latches, push } = waiting(3)
  const half = new ScriptedHalf({ push })
  const { slot } = placed(half)
  const pending = ['a', 'b', 'c'].map((item) => slot.receive(item))
  for (const [index, calls] of [['push a'], ['push a', 'push b'], ['push a', 'push b', 'push c']].entries()) {
    await turnOver()
    assert.deepEqual(half.calls, ['start', ...calls])
    latches[index]?.open()
    await pending[index]
  }
})

test('the boundary is held until the last of what waits is in', async () => {
  const { latches, push } = waiting(2)
  const { slot, boundary } = placed(new ScriptedHalf({ push }))
  const first = slot.receive('a')
  const second = slot.receive('b')
  latches[0]?.open()
  await first
  assert.equal(boundary.held, true)
  latches[1]?.open()
  await second
  assert.equal(boundary.held, false)
})

test('what is taken at once behind a push that waited leaves nothing held', async () => {
  const gate = latch()
  const { slot, boundary } = placed(new ScriptedHalf({ push: (item) => (item === 'a' ? gate.opened : undefined) }))
  const pending = [slot.receive('a'), slot.receive('b')]
  gate.open()
  await Promise.all(pending)
  assert.equal(boundary.held, false)
  assert.equal(slot.receive('c'), undefined)
})

test('every item that enters is counted, also one that waits', async () => {
  const gate = latch()
  const { slot, meter } = placed(new ScriptedHalf({ push: () => gate.opened }))
  slot.receive('a')
  const pending = slot.receive('b')
  assert.equal(meter.items, 2)
  gate.open()
  await pending
  assert.equal(meter.items, 2)
})

test('what a half gives goes on at any moment, from within a push and after it, and waits for what comes next', async () => {
  const gate = latch()
  const half = new ScriptedHalf()
  const { slot, given } = placed(half, (item) => (item === 'late' ? gate.opened : undefined))
  slot.receive('a')
  assert.deepEqual(given, ['a'])
  const room = half.context.give('late')
  assert.deepEqual(given, ['a', 'late'])
  assert.ok(room instanceof Promise)
  gate.open()
  await room
})

const ways: { readonly name: string; readonly act: (error: Error) => Promise<void> | undefined }[] = [
  {
    name: 'throws',
    act(error) {
      throw error
    },
  },
  { name: 'rejects', act: (error) => Promise.reject(error) },
]

for (const { name, act } of ways) {
  test(`a half that ${name} in push ends the connection with its name, whoever waits is let go`, async () => {
    const { slot, failures, given } = placed(new ScriptedHalf({ push: () => act(new TypeError('broke')) }))
    await slot.receive('a')
    assert.deepEqual(
      failures.map(({ code, stage, message }) => [code, stage, message]),
      [['BUG', 'half.up', 'broke']],
    )
    assert.deepEqual(given, [])
  })

  test(`a half that ${name} while an item waits in line is given none of what waits`, async () => {
    const gate = latch()
    const half = new ScriptedHalf({ push: () => gate.opened.then(() => act(new Error('broke'))) })
    const { slot, failures } = placed(half)
    const pending = [slot.receive('a'), slot.receive('b')]
    gate.open()
    await Promise.all(pending)
    assert.equal(failures.length, 1)
    assert.deepEqual(half.calls, ['start', 'push a', 'destroy'])
  })

  test(`a half that ${name} in end ends the connection with its name, and the lane's end does not reject`, async () => {
    const { slot, failures } = placed(new ScriptedHalf({ end: () => act(new TypeError('broke')) }))
    await slot.finish()
    assert.deepEqual(
      failures.map(({ code, stage, message }) => [code, stage, message]),
      [['BUG', 'half.up', 'broke']],
    )
  })
}

test('what a half fails with ends the connection; an error with a code and a stage keeps them', () => {
  const half = new ScriptedHalf()
  const { failures } = placed(half)
  const error = new GatewayError('HUB_UNAVAILABLE', 'gone', { stage: 'elsewhere.up' })
  half.context.fail(error)
  assert.deepEqual(failures, [error])
  assert.equal(error.stage, 'elsewhere.up')
})

test('only the first failure of a half is told', () => {
  const half = new ScriptedHalf()
  const { failures } = placed(half)
  half.context.fail(new Error('first'))
  half.context.fail(new Error('second'))
  assert.deepEqual(
    failures.map(({ message }) => message),
    ['first'],
  )
})

test('the lane ends when all that waits is in and the half has given out what is left', async () => {
  const [pushed, ended] = [latch(), latch()]
  const half = new ScriptedHalf({ push: () => pushed.opened, end: () => ended.opened })
  const { slot } = placed(half)
  slot.receive('a')
  slot.receive('b')
  let finished = false
  const finish = slot.finish().then(() => {
    finished = true
  })
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a'])
  pushed.open()
  await turnOver()
  assert.deepEqual(half.calls, ['start', 'push a', 'push b', 'end'])
  assert.equal(finished, false)
  ended.open()
  await finish
})

test('a half is destroyed once, also when its lane has ended, and has nothing to say after it', async () => {
  const half = new ScriptedHalf()
  const { slot, failures, given } = placed(half)
  await slot.finish()
  slot.close()
  slot.close()
  assert.equal(slot.gone, true)
  assert.equal(half.context.give('late'), undefined)
  half.context.fail(new Error('late'))
  assert.equal(slot.receive('late'), undefined)
  assert.deepEqual(half.calls, ['start', 'end', 'destroy'])
  assert.deepEqual(given, [])
  assert.deepEqual(failures, [])
})

test('a lane that ends when the connection is gone does not end the half', async () => {
  const half = new ScriptedHalf()
  const { slot } = placed(half)
  slot.close()
  await slot.finish()
  assert.deepEqual(half.calls, ['start', 'destroy'])
})

test('what waits when the connection goes is let go, and not pushed', async () => {
  const gate = latch()
  const half = new ScriptedHalf({ push: () => gate.opened, destroy: gate.open })
  const { slot } = placed(half)
  const pending = [slot.receive('a'), slot.receive('b')]
  slot.close()
  await Promise.all(pending)
  assert.deepEqual(half.calls, ['start', 'push a', 'destroy'])
})

test('a lane ends behind a push that was rejected', async () => {
  let reject = (_: Error) => {}
  const push = () =>
    new Promise<void>((_, no) => {
      reject = no
    })
  const half = new ScriptedHalf({ push })
  const { slot, failures } = placed(half)
  slot.receive('a')
  const finish = slot.finish()
  reject(new Error('broke'))
  await finish
  assert.equal(failures.length, 1)
  assert.deepEqual(half.calls, ['start', 'push a', 'destroy'])
})

test('what comes back to a half while it gives waits until its push has returned', async () => {
  const calls: string[] = []
  const half = new ScriptedHalf({
    push(item) {
      calls.push(`${item} begins`)
      half.context.give(item)
      calls.push(`${item} ends`)
    },
  })
  const { slot } = placed(half, (item) => (item === 'a' ? slot.receive('b') : undefined))
  slot.receive('a')
  await turnOver()
  assert.deepEqual(calls, ['a begins', 'a ends', 'b begins', 'b ends'])
})

test('what comes when the lane has ended is not given to the half, as a Node stream takes no write after its end', async () => {
  const ended = latch()
  const half = new ScriptedHalf({ end: () => ended.opened })
  const { slot } = placed(half)
  const finish = slot.finish()
  await turnOver()
  assert.equal(slot.receive('late'), undefined)
  ended.open()
  await finish
  assert.deepEqual(half.calls, ['start', 'end'])
})
