import assert from 'node:assert/strict'
import { once } from 'node:events'
import { beforeEach, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import { type Command, command, receipt } from '../../src/core/items.ts'
import { batchOf, endpoint } from './held-hub.ts'

let c1: Command
let c2: Command
let c3: Command

beforeEach(() => {
  c1 = command('c1', Buffer.of())
  c2 = command('c2', Buffer.of())
  c3 = command('c3', Buffer.of())
})

describe('commands of a connection', () => {
  test('a command goes down, its answer settles it as it says, with the method’s result', async () => {
    const { connection, read, stream, to, write } = await endpoint()
    to.command(c1)
    await turn()
    assert.equal(await read(), c1)
    const answer = receipt(c1, 'complete', undefined, { status: 200, body: { a: 1 } })
    await write(answer)
    assert.deepEqual(to.settled, [answer])
    assert.equal(connection.meter.receipts.get('command')?.complete, 1)
    stream.destroy()
  })

  test('the next is asked for only when the one before it was read', async () => {
    const { read, stream, to } = await endpoint()
    await read()
    to.command(c1, c2)
    await turn()
    assert.equal(to.asked, 1, 'nobody has read the first')
    assert.equal(await read(), c1)
    assert.equal(to.asked, 2)
    assert.equal(await read(), c2)
    stream.destroy()
  })

  test('no more are asked for than may wait for an answer', async () => {
    const { read, stream, to, write } = await endpoint({ maxCommands: 2 })
    to.command(c1, c2, c3)
    await turn()
    assert.deepEqual([await read(), await read(), await read()], [c1, c2, null])
    assert.equal(to.asked, 2)
    await write(receipt(c2, 'complete'))
    assert.equal(to.asked, 3)
    assert.equal(await read(), c3)
    stream.destroy()
  })

  test('a receipt of a batch and a command do not push each other out of a full lane', async () => {
    const { read, stream, to, write } = await endpoint()
    await read()
    to.command(c1)
    await write(batchOf(1))
    await to.answer()
    const kinds = [(await read())?.kind, (await read())?.kind, await read()]
    assert.deepEqual(kinds, ['command', 'receipt', null])
    stream.destroy()
  })

  test('a command that is not answered in time is abandoned and counted', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const { read, refused, stream, to } = await endpoint({ answerTimeoutMs: 50_000 })
    to.command(c1)
    await turn()
    await read()
    context.mock.timers.tick(49_999)
    assert.equal(to.settled.length, 0)
    context.mock.timers.tick(1)
    assert.deepEqual(
      to.settled.map(({ of, outcome, error }) => [of, outcome, error?.code]),
      [[c1, 'abandon', 'COMMAND_TIMEOUT']],
    )
    assert.deepEqual(refused, [['COMMAND_TIMEOUT', 'hub.down', [c1]]])
    stream.destroy()
  })

  test('an answer that comes twice, too late, or for no command settles nothing and is counted', async () => {
    const { read, refused, stream, to, write } = await endpoint()
    to.command(c1)
    await turn()
    await read()
    await write(receipt(c1, 'complete'), receipt(c1, 'reject'), receipt(c2, 'complete'))
    assert.equal(to.settled.length, 1)
    assert.deepEqual(
      refused.map(([code, stage]) => [code, stage]),
      [
        ['UNKNOWN_COMMAND', 'hub.up'],
        ['UNKNOWN_COMMAND', 'hub.up'],
      ],
    )
    stream.destroy()
  })

  test('a settlement that the hub refuses is counted; the connection goes on', async () => {
    const { read, refused, stream, to, write } = await endpoint()
    to.command(c1, c2)
    to.settling = () => Promise.reject(new GatewayError('LOCK_LOST', 'too late'))
    await turn()
    await read()
    const late = receipt(c1, 'complete')
    await write(late)
    assert.deepEqual(refused, [['LOCK_LOST', 'hub.up', [late]]])
    assert.equal(await read(), c2)
    stream.destroy()
  })

  test('a device that is gone gives back what it did not answer, before the session is closed', async () => {
    for (const how of ['end', 'destroy'] as const) {
      const { read, stream, to } = await endpoint()
      to.command(c1, c2)
      await turn()
      await read()
      await read()
      stream.resume()
      stream[how]()
      await turn()
      assert.deepEqual(to.events, ['open', 'settle c1', 'settle c2', 'close'], how)
      assert.deepEqual(
        to.settled.map(({ outcome, error }) => [outcome, error?.code]),
        [
          ['abandon', 'DEVICE_GONE'],
          ['abandon', 'DEVICE_GONE'],
        ],
      )
    }
  })

  test('the session is closed only when the hub has answered every settlement', async () => {
    const { read, stream, to } = await endpoint()
    let settled = () => {}
    to.settling = () =>
      new Promise((resolve) => {
        settled = resolve
      })
    to.command(c1)
    await turn()
    await read()
    stream.resume().end()
    await turn()
    assert.deepEqual(to.events, ['open', 'settle c1'])
    settled()
    await turn()
    assert.deepEqual(to.events, ['open', 'settle c1', 'close'])
  })

  test('a command that comes while the connection ends is given back too', async () => {
    const { stream, to } = await endpoint()
    stream.resume()
    to.command(c1)
    stream.end()
    await turn()
    await turn()
    assert.deepEqual(
      to.settled.map(({ of, outcome }) => [of.id, outcome]),
      [['c1', 'abandon']],
    )
  })

  test('an answered, an abandoned and a given back command leave no timer', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    const before = timers()
    const { read, stream, to, write } = await endpoint()
    to.command(c1, c2)
    await turn()
    await read()
    await read()
    assert.equal(timers(), before + 2)
    await write(receipt(c1, 'complete'))
    assert.equal(timers(), before + 1)
    stream.destroy()
    await turn()
    assert.equal(timers(), before)
  })

  test('an answer that may wait behind held readings is not counted as missing', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { read, stream, to, write } = await endpoint({ maxInFlight: 1, answerTimeoutMs: 100 })
    to.command(c1)
    await turn()
    assert.equal(await read(), c1)
    void write(batchOf(1))
    await turn()
    t.mock.timers.tick(100)
    await turn()
    assert.deepEqual(to.settled, [])
    await to.answer()
    await read()
    t.mock.timers.tick(1000)
    await turn()
    assert.deepEqual(
      to.settled.map(({ outcome }) => outcome),
      ['abandon'],
    )
    stream.destroy()
  })

  test('one whose time is over before the device could be given it is abandoned unwritten', async () => {
    const { read, refused, stream, to } = await endpoint()
    to.command(command('late', Buffer.of(), { writeBefore: Date.now() - 1 }), c2)
    await turn()
    assert.equal(await read(), c2)
    assert.deepEqual(
      to.settled.map(({ of, outcome, error }) => [of.id, outcome, error?.code]),
      [['late', 'abandon', 'COMMAND_EXPIRED']],
    )
    assert.deepEqual(
      refused.map(([code, stage]) => [code, stage]),
      [['COMMAND_EXPIRED', 'hub.down']],
    )
    stream.destroy()
  })

  test('the endpoint narrows the time to write to the time to answer, and never widens it', async () => {
    const { read, stream, to } = await endpoint({ answerTimeoutMs: 1000 })
    const soon = Date.now() + 200
    c1.writeBefore = soon
    to.command(c1, c2)
    await turn()
    await read()
    await read()
    assert.equal(c1.writeBefore, soon)
    assert.ok(c1.answerBefore > soon && c1.answerBefore <= Date.now() + 1000)
    assert.equal(c2.writeBefore, c2.answerBefore)
    stream.destroy()
  })

  test('a device that does not read is given nothing until it does', async () => {
    const { connection, read, stream, to } = await endpoint()
    let bytes = 10
    const looked = new Promise<void>((resolve) => {
      connection.onUnread(() => {
        resolve()
        return { bytes, noneAt: 0 }
      })
    })
    to.command(c1)
    await looked
    assert.equal(await read(), null)
    bytes = 0
    const read1 = once(stream, 'readable')
    await read1
    assert.equal(await read(), c1)
    stream.destroy()
  })

  test('a command that still lies in the process when its time is over is cut off with the connection', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1000 })
    const { connection, read, stream, to } = await endpoint()
    let bytes = 0
    connection.onUnread(() => ({ bytes, noneAt: 900 }))
    const failures: unknown[] = []
    stream.on('error', (error: GatewayError) => failures.push(error.code))
    c1.writeBefore = 6000
    to.command(c1)
    await turn()
    assert.equal(await read(), c1)
    bytes = 5
    t.mock.timers.tick(4999)
    assert.equal(to.settled.length, 0)
    t.mock.timers.tick(1)
    await turn()
    assert.deepEqual(
      to.settled.map(({ of, outcome, error }) => [of.id, outcome, error?.code]),
      [['c1', 'abandon', 'COMMAND_EXPIRED']],
    )
    assert.deepEqual(failures, ['STALLED'])
  })

  test('one that the device has taken may be answered after its time to be written is over', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1000 })
    const { connection, read, stream, to, write } = await endpoint()
    connection.onUnread(() => ({ bytes: 0, noneAt: 3000 }))
    c1.writeBefore = 6000
    to.command(c1)
    await turn()
    assert.equal(await read(), c1)
    connection.onUnread(() => ({ bytes: 5, noneAt: 3000 }))
    t.mock.timers.tick(20_000)
    await write(receipt(c1, 'complete'))
    assert.deepEqual(
      to.settled.map(({ of, outcome }) => [of.id, outcome]),
      [['c1', 'complete']],
    )
    stream.destroy()
  })
})
