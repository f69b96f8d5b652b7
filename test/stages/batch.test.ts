import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { activeStream } from '../../src/core/active-stream.ts'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { type Batch, command, hello, receipt, report, telemetry } from '../../src/core/items.ts'
import { maxSendBytes, messageBytes } from '../../src/core/message-size.ts'
import { batch } from '../../src/stages/batch.ts'
import { jsonArray, newlineJoined } from '../../src/stages/packing.ts'
import { feed } from '../../src/testing.ts'
import { batcher } from './batcher.ts'

const overhead = messageBytes(telemetry(Buffer.of()))
const message = (tag: number, bytes = overhead) => telemetry(Buffer.alloc(bytes - overhead), { tag })
const numbered = (all: number[]) => all.map((tag) => message(tag))
const tags = (item: unknown) => (item as Batch).messages.map((each) => each.tag)

describe('batch, collecting', () => {
  test('a batch goes as soon as it has enough messages', async (context) => {
    const { read, write } = batcher(context, { maxCount: 2 })
    assert.equal(await read(), null)
    await write(message(1))
    assert.equal(await read(), null)
    await write(message(2), message(3))
    const full = await read()
    assert.deepEqual(tags(full), [1, 2])
    assert.deepEqual((full as Batch).bytes, 2 * overhead)
    assert.equal(await read(), null)
  })

  test('a batch goes before the message that would make it too big, and at once where it is full', async (context) => {
    const { read, write } = batcher(context, { maxBytes: 1000 })
    await read()
    await write(message(1, 500), message(2, 501), message(3, 499))
    assert.deepEqual([tags(await read()), tags(await read()), await read()], [[1], [2, 3], null])
  })

  test('the first message of a batch waits for others no longer than the linger, each batch with a clock of its own', async (context) => {
    const { read, tick, write } = batcher(context, { lingerMs: 50 })
    await read()
    await write(message(1))
    await tick(49)
    await write(message(2))
    assert.equal(await read(), null)
    await tick(1)
    assert.deepEqual(tags(await read()), [1, 2])
    await write(message(3))
    await tick(49)
    assert.equal(await read(), null)
    await tick(1)
    assert.deepEqual(tags(await read()), [3])
  })

  test('a batch that went because it was full leaves no linger behind for the next', async (context) => {
    const { read, tick, write } = batcher(context, { maxCount: 2, lingerMs: 50 })
    await read()
    await write(message(1))
    await tick(40)
    await write(message(2))
    assert.deepEqual(tags(await read()), [1, 2])
    await write(message(3))
    await tick(10)
    assert.equal(await read(), null)
    await tick(40)
    assert.deepEqual(tags(await read()), [3])
  })

  test('full and not read, it holds its writer, while the next batch keeps filling', async (context) => {
    const { read, taken, tick, write } = batcher(context, { maxCount: 2, lingerMs: 50 })
    await read()
    await write(...numbered([1, 2, 3, 4, 5]))
    assert.deepEqual(taken, [1, 2, 3])
    await tick(1_000)
    assert.deepEqual(taken, [1, 2, 3])
    assert.deepEqual(tags(await read()), [1, 2])
    assert.deepEqual(taken, [1, 2, 3, 4, 5])
    assert.deepEqual(tags(await read()), [3, 4])
  })

  test('a linger that ends while nobody reads lets the batch go on filling until it is read', async (context) => {
    const { read, taken, tick, write } = batcher(context, { maxCount: 3, lingerMs: 50 })
    await read()
    await write(...numbered([1, 2, 3, 4]))
    await tick(50)
    await write(message(5))
    assert.deepEqual(taken, [1, 2, 3, 4, 5])
    assert.deepEqual([tags(await read()), tags(await read()), await read()], [[1, 2, 3], [4, 5], null])
  })

  test('a batch that waits only to be read sets no other linger', async (context) => {
    const { read, taken, tick, write } = batcher(context, { maxCount: 3, lingerMs: 50 })
    await read()
    await write(...numbered([1, 2, 3, 4]))
    await tick(50)
    const lingers = context.mock.method(globalThis, 'setTimeout')
    await write(message(5))
    assert.deepEqual(taken, [1, 2, 3, 4, 5])
    assert.equal(lingers.mock.callCount(), 0)
    assert.deepEqual(
      [tags(await read()), tags(await read())],
      [
        [1, 2, 3],
        [4, 5],
      ],
    )
    await write(message(6))
    assert.equal(lingers.mock.callCount(), 1)
    await tick(50)
    assert.deepEqual(tags(await read()), [6])
  })

  test('answers to commands do not wait for a batch', async (context) => {
    const { read, write, up } = batcher(context, {})
    await read()
    await write(message(1))
    const answer = receipt(command('c', Buffer.of()), 'complete')
    up.write(answer)
    assert.equal(await read(), answer)
    up.destroy()
  })

  test('reports go among the messages in their order', async (context) => {
    const { read, write } = batcher(context, { maxCount: 3 })
    await read()
    await write(message(1), report({}, 2), message(3))
    const full = await read()
    assert.deepEqual([tags(full), (full as Batch).bytes], [[1, 2, 3], 2 * overhead])
  })

  test('a message that no batch can carry is refused in its place, once, and counts nothing', async (context) => {
    const { read, refused, write } = batcher(context, { maxCount: 4 })
    await read()
    const items = [message(1), message(2, maxSendBytes + 1), message(3, maxSendBytes - 2 * overhead), message(4)]
    await write(...items)
    assert.deepEqual([tags(await read()), tags(await read())], [[1, 2], [3]])
    assert.equal(items[1]?.refused?.code, 'MESSAGE_TOO_LARGE')
    assert.match(
      items[1]?.refused?.message as string,
      new RegExp(`${maxSendBytes + 1} bytes .* limit of ${maxSendBytes}`),
    )
    assert.deepEqual(refused, [['MESSAGE_TOO_LARGE', [items[1]]]])
  })

  test('a message that an earlier stage refused keeps its place and is not refused again', async (context) => {
    const { read, refused, write } = batcher(context, { maxCount: 2 })
    const bad = message(1, maxSendBytes + 1)
    bad.refused = new GatewayError('BAD_CONTENT', 'before')
    await read()
    await write(bad, message(2))
    const full = (await read()) as Batch
    assert.deepEqual([tags(full), full.bytes, refused], [[1, 2], overhead, []])
  })

  test('the end flushes what was collected and leaves no timer', async (context) => {
    const { read, write, up } = batcher(context, { lingerMs: 50 })
    const cleared = context.mock.method(globalThis, 'clearTimeout')
    await read()
    await write(message(1))
    up.end()
    await turn()
    assert.deepEqual([tags(await read()), await read(), up.readableEnded], [[1], null, true])
    assert.ok(cleared.mock.callCount() > 0)
  })

  test('the end of a batcher that holds a full batch waits until that is read', async (context) => {
    const { read, write, up } = batcher(context, { maxCount: 2 })
    await read()
    await write(...numbered([1, 2, 3]))
    up.end()
    await turn()
    assert.equal(up.writableFinished, false)
    assert.deepEqual([tags(await read()), tags(await read())], [[1, 2], [3]])
    assert.equal(up.writableFinished, true)
  })

  test('destroying it leaves no timer and gives nothing more', async (context) => {
    const { tick, write, up } = batcher(context, { lingerMs: 50 })
    const given: unknown[] = []
    up.on('data', (item) => given.push(item))
    await write(message(1))
    up.destroy()
    await tick(50)
    assert.deepEqual([given, up.destroyed], [[], true])
  })

  test('a destroyed batcher keeps no process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
    const before = timers()
    const up = activeStream(batch({ lingerMs: 60_000 }).open(new Connection({ id: 'c', pipeline: 'p' })).up as never)
    up.write(message(1))
    assert.equal(timers(), before + 1)
    up.destroy()
    await turn()
    assert.equal(timers(), before)
  })

  test('a hello that nobody answered is a defect of the pipeline', async () => {
    const { up } = await feed(batch(), [hello({ deviceId: 'd1' })])
    assert.deepEqual(
      up.errors.map(({ code, stage }) => [code, stage]),
      [['BUG', 'batch.up']],
    )
  })

  test('whatever comes, batches keep order, lose nothing, and exceed neither their own limits nor 255 KiB', async () => {
    const size = fc.oneof(
      fc.integer({ min: overhead, max: 3_000 }),
      fc.integer({ min: overhead, max: maxSendBytes + 500 }),
    )
    const options = fc.record({
      maxCount: fc.integer({ min: 1, max: 5 }),
      maxBytes: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constant(maxSendBytes)),
    })
    await fc.assert(
      fc.asyncProperty(options, fc.array(size, { maxLength: 12 }), async (limits, sizes) => {
        const sent = sizes.map((bytes, index) => message(index, bytes))
        const { up } = await feed(batch(limits), sent)
        const batches = up.emitted as Batch[]
        assert.deepEqual(
          batches.flatMap(tags),
          sent.map(({ tag }) => tag),
        )
        for (const { messages, bytes } of batches) {
          const carried = messages.filter((each) => each.kind === 'telemetry' && each.refused === undefined)
          assert.equal(
            bytes,
            carried.reduce((sum, each) => sum + (sizes[each.tag as number] as number), 0),
          )
          assert.ok(bytes <= maxSendBytes && messages.length <= limits.maxCount)
          assert.ok(bytes <= limits.maxBytes || carried.length === 1)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('limits that cannot work are refused', () => {
    for (const options of [
      { maxCount: 0 },
      { maxCount: 501 },
      { maxCount: 1.5 },
      { maxBytes: 0 },
      { maxBytes: maxSendBytes + 1 },
      { lingerMs: -1 },
      { lingerMs: Number.NaN },
    ]) {
      assert.throws(() => batch(options), { code: 'CONFIGURATION' })
    }
  })
})

describe('batch, packing', () => {
  const reading = (tag: number) => telemetry(Buffer.from(String(tag)), { tag, contentType: 'application/json' })
  const open = (pack = jsonArray()) => {
    const connection = new Connection({ id: 'c', pipeline: 'p' })
    connection.onRefused(() => {})
    return { connection, ...batch({ maxCount: 4, pack }).open(connection) }
  }
  const down = async (half: unknown, item: unknown) => {
    const received: unknown[] = []
    const out = { emit: (each: unknown) => received.push(each), reply: assert.fail, fail: assert.fail }
    await (half as (item: unknown, out: unknown) => unknown)(item, out)
    return received as { of: { tag: unknown }; outcome: string; error: GatewayError | undefined }[]
  }
  const collect = async (up: Duplex, ...items: unknown[]) => {
    up.read()
    for (const item of items) up.write(item)
    await turn()
    return up.read() as Batch
  }

  test('what is packed is one message, and each of its readings has a receipt of its own, in order', async () => {
    const { connection, up, down: half } = open()
    const refused = reading(2)
    refused.refused = new GatewayError('BAD_CONTENT', 'no')
    const full = await collect(activeStream(up as never), reading(0), reading(1), refused, reading(3))
    assert.deepEqual(
      full.messages.map((message) => (message.kind === 'telemetry' ? message.body.toString() : message)),
      ['[0,1]', '', '[3]'],
    )
    const exceptions = new Map([[full.messages[1], refused.refused]])
    const receipts = await down(half, { ...receipt(full, 'complete'), exceptions })
    assert.deepEqual(
      receipts.map(({ of, outcome }) => [of.tag, outcome]),
      [
        [0, 'complete'],
        [1, 'complete'],
        [2, 'reject'],
        [3, 'complete'],
      ],
    )
    assert.deepEqual(connection.meter.receipts.get('telemetry'), { complete: 3, abandon: 0, reject: 1 })
  })

  test('what the hub says of a packed message holds for its readings', async () => {
    const { up, down: half } = open(newlineJoined())
    const full = await collect(activeStream(up as never), ...[0, 1, 2, 3].map(reading))
    assert.equal(full.messages.length, 1)
    const later = new GatewayError('HUB_THROTTLED', 'later')
    const receipts = await down(half, {
      ...receipt(full, 'complete'),
      exceptions: new Map([[full.messages[0], later]]),
    })
    assert.deepEqual(
      receipts.map(({ of, outcome, error }) => [of.tag, outcome, error?.code]),
      [0, 1, 2, 3].map((tag) => [tag, 'abandon', 'HUB_THROTTLED']),
    )
  })

  test('a reading that the hub has already keeps its place beside what is packed', async () => {
    const { up, down: half } = open()
    const known = reading(1)
    known.alreadyAccepted = true
    const full = await collect(activeStream(up as never), reading(0), known, reading(2), reading(3))
    assert.equal(full.messages.length, 3)
    const receipts = await down(half, { ...receipt(full, 'complete'), exceptions: new Map() })
    assert.deepEqual(
      receipts.map(({ of, outcome }) => [of.tag, outcome]),
      [0, 1, 2, 3].map((tag) => [tag, 'complete']),
    )
  })
})
