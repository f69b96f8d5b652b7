import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { activeStream } from '../../src/core/active-stream.ts'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type BatchReceipt, command, report, type Telemetry, telemetry } from '../../src/core/items.ts'
import { PartialSendError } from '../../src/hub/port.ts'
import { hub } from '../../src/stages/hub.ts'
import { batchOf, endpoint, HeldHub, outcomes } from './held-hub.ts'

/** The tags of each call so far. */
const sent = (to: HeldHub) => to.calls.map(({ tags }) => tags)
const answerOf = async (read: () => Promise<unknown>) => {
  const item = await read()
  return item === null ? null : outcomes(item as BatchReceipt)
}

describe('hub, sending', () => {
  test('the session is opened when the device is known, not before', async () => {
    const to = new HeldHub()
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    const stream = activeStream(hub(to).open(connection) as never)
    await turn()
    assert.deepEqual(to.events, [])
    await connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
    assert.deepEqual(to.events, ['open'])
    stream.destroy()
  })

  test('what the hub has already is not sent again, and has its receipt', async () => {
    const { read, stream, to, write } = await endpoint()
    const known = telemetry(Buffer.of(), { tag: 2 })
    known.alreadyAccepted = true
    await write(batchOf(1, known, 3))
    assert.deepEqual(sent(to), [[1, 3]])
    await to.answer()
    assert.deepEqual(
      await answerOf(read),
      [1, 2, 3].map((tag) => [tag, 'complete']),
    )
    stream.destroy()
  })

  test('one send is on the wire at a time, in the order of the batches, and receipts keep it', async () => {
    const { read, stream, to, write } = await endpoint()
    await write(batchOf(1, 2), batchOf(3), batchOf(4))
    const received: unknown[] = []
    for (const soFar of [[[1, 2]], [[1, 2], [3]], [[1, 2], [3], [4]]]) {
      assert.deepEqual(sent(to), soFar)
      await to.answer()
      received.push(await answerOf(read))
    }
    const complete = (tag: number) => [tag, 'complete']
    assert.deepEqual(received, [[1, 2].map(complete), [3].map(complete), [4].map(complete)])
    stream.destroy()
  })

  test('it takes as many batches as may be in flight, then holds its writer until one is answered', async () => {
    const { connection, read, stream, taken, to, write } = await endpoint({ maxInFlight: 2 })
    await write(batchOf(1), batchOf(2), batchOf(3), batchOf(4))
    assert.deepEqual(taken, [1])
    assert.equal(connection.meter.inFlight, 2)
    await to.answer()
    assert.deepEqual(await answerOf(read), [[1, 'complete']])
    assert.deepEqual(taken, [1, 2])
    assert.equal(connection.meter.inFlight, 2)
    stream.destroy()
  })

  test('a receipt that nobody reads holds the next send', async () => {
    const { read, stream, to, write } = await endpoint()
    await read()
    await write(batchOf(1), batchOf(2))
    await to.answer()
    assert.deepEqual(sent(to), [[1]])
    await read()
    assert.deepEqual(sent(to), [[1], [2]])
    stream.destroy()
  })

  test('a report goes by itself, in its place among the messages', async () => {
    const { read, stream, to, write } = await endpoint()
    await write(batchOf(1, 2, report({ a: 1 }, 3), 4))
    await to.answer()
    await to.answer()
    await to.answer()
    assert.deepEqual(
      to.calls.map(({ operation, tags }) => [operation, tags]),
      [
        ['send', [1, 2]],
        ['report', [3]],
        ['send', [4]],
      ],
    )
    assert.deepEqual(
      await answerOf(read),
      [1, 2, 3, 4].map((tag) => [tag, 'complete']),
    )
    stream.destroy()
  })

  test('what was refused before it came is not sent but answered in its place', async () => {
    const { read, refused, stream, to, write } = await endpoint()
    const bad = telemetry(Buffer.of(), { tag: 2 })
    bad.refused = new GatewayError('BAD_CONTENT', 'bad')
    const alone = telemetry(Buffer.of(), { tag: 4 })
    alone.refused = bad.refused
    await write(batchOf(1, bad, 3), batchOf(alone))
    await to.answer()
    assert.deepEqual(sent(to), [[1, 3]])
    assert.deepEqual(await answerOf(read), [
      [1, 'complete'],
      [2, 'BAD_CONTENT'],
      [3, 'complete'],
    ])
    assert.deepEqual(await answerOf(read), [[4, 'BAD_CONTENT']])
    assert.deepEqual(refused, [], 'it was counted where it was refused')
    stream.destroy()
  })

  test('messages that the hub does not have are named by their receipt, the others are done', async () => {
    const { read, refused, stream, to, write } = await endpoint()
    const batch = batchOf(1, 2, 3, 4)
    const later = new GatewayError('HUB_THROTTLED', 'later')
    const [, second, third, fourth] = batch.messages as Telemetry[]
    await write(batch)
    await to.answer(
      new PartialSendError(
        new Map([
          [second as Telemetry, later],
          [third as Telemetry, new GatewayError('HUB_REJECTED', 'never')],
          [fourth as Telemetry, later],
        ]),
      ),
    )
    assert.deepEqual(await answerOf(read), [
      [1, 'complete'],
      [2, 'HUB_THROTTLED'],
      [3, 'HUB_REJECTED'],
      [4, 'HUB_THROTTLED'],
    ])
    assert.deepEqual(refused, [
      ['HUB_THROTTLED', 'hub.up', [second, fourth]],
      ['HUB_REJECTED', 'hub.up', [third]],
    ])
    stream.destroy()
  })

  test('an error of a send is that of its messages only; what comes after is sent all the same', async () => {
    const { read, refused, stream, to, write } = await endpoint()
    await write(batchOf(1, report({}, 2), 3), batchOf(4))
    await to.answer(new GatewayError('HUB_UNAVAILABLE', 'down'))
    await to.answer(new Error('a defect'))
    await to.answer()
    assert.deepEqual(await answerOf(read), [
      [1, 'HUB_UNAVAILABLE'],
      [2, 'HUB_SESSION_CLOSED'],
      [3, 'complete'],
    ])
    await to.answer()
    assert.deepEqual(await answerOf(read), [[4, 'complete']])
    assert.deepEqual(
      refused.map(([code]) => code),
      ['HUB_UNAVAILABLE', 'BUG'],
    )
    stream.destroy()
  })

  test('credentials that stopped being good are counted as such but do not reject the message', async () => {
    for (const code of ['UNAUTHORIZED', 'DEVICE_NOT_FOUND'] as const) {
      const { read, refused, stream, to, write } = await endpoint()
      await write(batchOf(1))
      await to.answer(new GatewayError(code, 'no longer'))
      const answer = (await read()) as BatchReceipt
      const [error] = answer.exceptions.values()
      assert.deepEqual([error?.code, error?.retryable], ['HUB_SESSION_CLOSED', true])
      assert.equal(refused[0]?.[0], code)
      stream.destroy()
    }
  })
})

describe('hub, ending', () => {
  test('the end waits for what is in flight, then closes the session and ends', async () => {
    const { connection, end, read, stream, to, write } = await endpoint()
    await write(batchOf(1), batchOf(2))
    await end()
    await to.answer()
    assert.deepEqual(await answerOf(read), [[1, 'complete']])
    assert.equal(to.closed, false)
    await to.answer()
    assert.deepEqual(await answerOf(read), [[2, 'complete']])
    assert.equal(await read(), null)
    assert.deepEqual([to.events, stream.readableEnded, connection.meter.inFlight], [['open', 'close'], true, 0])
  })

  test('an end before the device was known closes nothing and ends', async () => {
    const stream = activeStream(hub(new HeldHub()).open(new Connection({ id: 'c', pipeline: 'p' })) as never)
    stream.resume().end()
    await turn()
    await turn()
    assert.equal(stream.readableEnded, true)
  })

  test('destroyed, it closes the session once, answers nothing and has nothing in flight', async () => {
    const { connection, refused, stream, to, write } = await endpoint()
    await write(batchOf(1), batchOf(2), batchOf(3))
    stream.destroy()
    await turn()
    assert.deepEqual([to.events, connection.meter.inFlight], [['open', 'close'], 0])
    await to.answer(new GatewayError('HUB_SESSION_CLOSED', 'closed'))
    assert.deepEqual([to.calls.length, refused, connection.meter.inFlight], [1, [], 0])
  })

  test('destroyed while the hub does not answer a settlement, it closes the session all the same', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { read, stream, to } = await endpoint()
    to.settling = () => new Promise(() => {})
    to.command(command('c1', Buffer.of(0)))
    await read()
    stream.destroy()
    await turn()
    assert.deepEqual(to.events, ['open', 'settle c1'])
    t.mock.timers.tick(5000)
    await turn()
    assert.deepEqual(to.events, ['open', 'settle c1', 'close'])
  })

  test('destroyed while it ends, it closes the session once', async () => {
    const { end, read, stream, to, write } = await endpoint()
    await read()
    await write(batchOf(1))
    await end()
    await to.answer()
    await read()
    stream.destroy()
    await turn()
    assert.deepEqual(to.events, ['open', 'close'])
  })

  test('destroyed while the session is being opened, it closes that session and identifies nobody', async () => {
    const to = new HeldHub()
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    const stream = activeStream(hub(to).open(connection) as never)
    const identified = connection.identify({ deviceId: 'd1', credentials: { type: 'policy' } })
    stream.destroy()
    await assert.rejects(identified, { code: 'HUB_SESSION_CLOSED' })
    assert.deepEqual([to.events, connection.identity], [['open', 'close'], undefined])
  })

  test('a session that fails to close harms nobody else: the error is counted, and the endpoint ends', async () => {
    for (const how of ['end', 'destroy'] as const) {
      const { refused, stream, to } = await endpoint()
      to.closeError = new Error('already gone')
      stream.resume()
      stream[how]()
      await turn()
      await turn()
      assert.deepEqual(refused, [['BUG', 'hub.up', []]], how)
      assert.equal(stream.destroyed, true)
    }
  })

  test('a limit that is not a positive integer is refused', () => {
    for (const options of [{ maxInFlight: 0 }, { maxCommands: 1.5 }, { answerTimeoutMs: Number.NaN }]) {
      assert.throws(() => hub(new HeldHub(), options), { code: 'CONFIGURATION' })
    }
  })
})
