import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Connection } from '../../src/core/connection.ts'
import { command, hello, receipt, report, telemetry } from '../../src/core/items.ts'
import type { Messages } from '../../src/core/levels.ts'
import { type ThrottleOptions, throttle } from '../../src/stages/throttle.ts'

const message = (tag: number) => telemetry(Buffer.of(), { tag })

/** A throttle with a clock of its own: `pass` gives it items one after the other, as a lane does; `tick` lets time go by. */
function throttled(context: TestContext, options: ThrottleOptions) {
  let now = 5_000
  context.mock.timers.enable({ apis: ['setTimeout'] })
  context.mock.method(performance, 'now', () => now)
  const connection = new Connection({ id: 'c', pipeline: 'p' })
  const { up } = throttle(options).open(connection)
  assert.ok(typeof up === 'function')
  const passed: unknown[] = []
  const out = {
    emit: (item: Messages['up']) => passed.push('tag' in item ? item.tag : item.kind),
    reply: assert.ifError,
    fail: assert.ifError,
  }
  return {
    connection,
    passed,
    pass: async (...items: Messages['up'][]) => {
      for (const item of items) await up(item, out)
    },
    tick: async (milliseconds: number) => {
      await setImmediate()
      now += milliseconds
      context.mock.timers.tick(milliseconds)
      await setImmediate()
    },
  }
}

describe('throttle', () => {
  test('a burst passes at once, then one message for each turn of the rate; all of them, in order', async (context) => {
    const { pass, passed, tick } = throttled(context, { messagesPerSecond: 10, burst: 2 })
    const all = pass(...[1, 2, 3, 4, 5].map(message))
    await tick(0)
    assert.deepEqual(passed, [1, 2])
    await tick(99)
    assert.deepEqual(passed, [1, 2])
    await tick(1)
    assert.deepEqual(passed, [1, 2, 3])
    await tick(100)
    await tick(100)
    assert.deepEqual(passed, [1, 2, 3, 4, 5])
    await all
  })

  test('a pause saves up one burst and no more', async (context) => {
    const { pass, passed, tick } = throttled(context, { messagesPerSecond: 10, burst: 2 })
    await pass(message(1))
    await tick(60_000)
    const all = pass(...[2, 3, 4].map(message))
    await tick(0)
    assert.deepEqual(passed, [1, 2, 3])
    await tick(100)
    assert.deepEqual(passed, [1, 2, 3, 4])
    await all
  })

  test('the burst is one second’s worth unless told otherwise, and at least one message', async (context) => {
    const { pass, passed, tick } = throttled(context, { messagesPerSecond: 3 })
    const all = pass(...[1, 2, 3, 4].map(message))
    await tick(0)
    assert.deepEqual(passed, [1, 2, 3])
    await tick(334)
    await all
  })

  test('a rate below one a second lets the first message pass and holds the second', async (context) => {
    const { pass, passed, tick } = throttled(context, { messagesPerSecond: 0.5 })
    const all = pass(message(1), message(2))
    await tick(1_999)
    assert.deepEqual(passed, [1])
    await tick(1)
    assert.deepEqual(passed, [1, 2])
    await all
  })

  test('reports cost as telemetry does; hellos and answers to commands cost nothing', async (context) => {
    const { pass, passed, tick } = throttled(context, { messagesPerSecond: 1 })
    const free = [receipt(command('c', Buffer.of()), 'complete'), hello({ deviceId: 'd' }, 'hello')]
    const all = pass(...free, report({}, 1), ...free, report({}, 2))
    await tick(0)
    assert.deepEqual(passed, ['receipt', 'hello', 1, 'receipt', 'hello'])
    await tick(1_000)
    assert.equal(passed.at(-1), 2)
    await all
  })

  test('what waits when the connection ends goes nowhere, and its timer dies with the connection', async (context) => {
    const { pass, passed, connection, tick } = throttled(context, { messagesPerSecond: 1 })
    const all = pass(message(1), message(2))
    await tick(0)
    connection.close()
    await all
    await tick(60_000)
    assert.deepEqual(passed, [1])
  })

  test('the timer itself is gone with the connection: it keeps no process alive', async () => {
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    const { up } = throttle({ messagesPerSecond: 0.001 }).open(connection)
    assert.ok(typeof up === 'function')
    const out = { emit: () => {}, reply: assert.ifError, fail: assert.ifError }
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    const before = timers()
    await up(message(1), out)
    const waiting = up(message(2), out)
    assert.equal(timers(), before + 1)
    connection.close()
    await waiting
    assert.equal(timers(), before)
  })

  test('a connection that is gone holds nothing', async (context) => {
    const { pass, passed, connection } = throttled(context, { messagesPerSecond: 1 })
    connection.close()
    await pass(message(1), message(2))
    assert.deepEqual(passed, [1])
  })

  test('a rate or burst that cannot work is refused', () => {
    for (const options of [
      { messagesPerSecond: 0 },
      { messagesPerSecond: -1 },
      { messagesPerSecond: Number.NaN },
      { messagesPerSecond: Number.POSITIVE_INFINITY },
      { messagesPerSecond: 1, burst: 0 },
      { messagesPerSecond: 1, burst: Number.NaN },
      { messagesPerSecond: 1, burst: Number.POSITIVE_INFINITY },
    ]) {
      assert.throws(() => throttle(options), { code: 'CONFIGURATION' })
    }
  })
})
