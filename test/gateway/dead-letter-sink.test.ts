import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type DeadLetterSink,
  deadLetterSink,
  type LostLetters,
  type SinkOptions,
  type SinkParts,
} from '../../src/gateway/dead-letter-sink.ts'
import { Logbook, openGate, turns } from './gate.ts'
import { knownConnection, letterOf } from './letters.ts'
import { helloLine } from './raw-device.ts'

/** A sink whose every write the test answers. */
function heldSink(options: SinkOptions = {}, parts: Partial<SinkParts<string>> = {}) {
  const writes: {
    readonly letters: readonly string[]
    readonly answer: (lost?: LostLetters) => void
    readonly fail: (error: Error) => void
  }[] = []
  const log = new Logbook()
  const sink = deadLetterSink<string>(
    {
      name: 'held',
      make: ({ item }) => item as string,
      bytesOf: ({ length }) => length,
      write: (letters) =>
        new Promise((resolve, reject) => writes.push({ letters, answer: (lost) => resolve(lost), fail: reject })),
      ...parts,
    },
    { log, ...options },
  )
  return { sink, writes, log }
}

const gauge = (sink: DeadLetterSink, name: string) => sink.gauges.find((each) => each.name === name)?.read()
const dropped = (sink: DeadLetterSink) => gauge(sink, 'dead_letters_dropped_total')
const waiting = (sink: DeadLetterSink) => gauge(sink, 'dead_letters_waiting_bytes')
const told = (log: Logbook) => log.entries.map(({ fields }) => (fields as { dropped: number }).dropped)

describe('a dead-letter sink', () => {
  test('keeps letters in order, one write at a time, those of one turn together', async () => {
    const { sink, writes } = heldSink()
    const connection = await knownConnection()
    for (const item of ['a', 'b']) sink(letterOf(item), connection)
    await turns(2)
    sink(letterOf('c'), connection)
    await turns(2)
    assert.deepEqual(
      writes.map(({ letters }) => letters),
      [['a', 'b']],
    )
    assert.equal(waiting(sink), 3)
    writes[0]?.answer()
    await turns(2)
    assert.deepEqual(writes[1]?.letters, ['c'])
    writes[1]?.answer()
    await sink.close()
    assert.deepEqual([waiting(sink), dropped(sink)], [0, 0])
  })

  test('drops what would exceed its bound, and tells that at powers of two', async () => {
    const { sink, writes, log } = heldSink({ maxWaitingBytes: 4096 })
    const connection = await knownConnection()
    for (let letter = 0; letter < 9; letter++) sink(letterOf('x'.repeat(1024)), connection)
    assert.deepEqual([waiting(sink), dropped(sink)], [4096, 5])
    assert.deepEqual(told(log), [1, 2, 4])
    await turns(2)
    writes[0]?.answer()
    await turns(2)
    sink(letterOf('y'), connection)
    await turns(2)
    assert.deepEqual(writes[1]?.letters, ['y'])
    writes[1]?.answer()
    await sink.close()
    assert.equal(dropped(sink), 5)
  })

  test('in a flood no letter is described until a quarter of the room is free again', async () => {
    let made = 0
    const make = ({ item }: { readonly item: unknown }) => {
      made++
      return item as string
    }
    const { sink, writes } = heldSink({ maxWaitingBytes: 4096 }, { make })
    const connection = await knownConnection()
    for (let letter = 0; letter < 1000; letter++) sink(letterOf('x'.repeat(1000)), connection)
    assert.deepEqual([made, dropped(sink), waiting(sink)], [5, 996, 4000])
    await turns(2)
    writes[0]?.answer()
    await turns(2)
    sink(letterOf('y'), connection)
    assert.deepEqual([made, dropped(sink)], [6, 996])
    await turns(2)
    writes[1]?.answer()
    await sink.close()
  })

  test('counts what a write could not keep, in part or whole, and goes on with the next', async () => {
    const { sink, writes, log } = heldSink()
    const connection = await knownConnection()
    for (const item of ['a', 'b', 'c']) sink(letterOf(item), connection)
    await turns(2)
    writes[0]?.answer({ count: 2, error: new Error('no space left') })
    sink(letterOf('d'), connection)
    await turns(2)
    assert.equal(dropped(sink), 2)
    writes[1]?.fail(new Error('broken'))
    sink(letterOf('e'), connection)
    await turns(2)
    assert.equal(dropped(sink), 3)
    assert.deepEqual(writes[2]?.letters, ['e'])
    writes[2]?.answer()
    await sink.close()
    assert.equal(dropped(sink), 3)
    assert.deepEqual(
      log.entries.map(({ fields }) => (fields as { error: string }).error),
      ['no space left'],
    )
  })

  test('a letter that cannot be described is dropped, and nothing is thrown', async () => {
    const { sink, log } = heldSink(
      {},
      {
        make() {
          throw new Error('no words')
        },
      },
    )
    sink(letterOf('a'), await knownConnection())
    assert.equal(dropped(sink), 1)
    assert.deepEqual(
      log.entries.map(({ fields }) => (fields as { error: string }).error),
      ['no words'],
    )
    await sink.close()
  })

  test('closing gives up when its time is over, drops what waits, ends what it leads to, and takes no more', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    let closed = 0
    const { sink, writes } = heldSink({ closeTimeoutMs: 1000 }, { close: async () => void closed++ })
    const connection = await knownConnection()
    for (const item of ['a', 'b']) sink(letterOf(item), connection)
    await turns(2)
    sink(letterOf('c'), connection)
    const closing = Promise.all([sink.close(), sink.close()])
    await turns(2)
    context.mock.timers.tick(999)
    await turns(2)
    assert.deepEqual([dropped(sink), closed], [0, 0])
    context.mock.timers.tick(1)
    await closing
    assert.deepEqual([dropped(sink), waiting(sink), closed], [3, 0, 1])
    sink(letterOf('d'), connection)
    writes[0]?.answer()
    await turns(2)
    assert.deepEqual([dropped(sink), waiting(sink), writes.length], [4, 0, 1])
  })

  test('what it leads to may fail to close, or hang: that is told, and closing ends', async (context) => {
    const failing = heldSink({}, { close: () => Promise.reject(new Error('stuck')) })
    await failing.sink.close()
    assert.deepEqual(
      failing.log.entries.map(({ message }) => message),
      ['closing a sink failed'],
    )
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const hanging = heldSink({ closeTimeoutMs: 10 }, { close: () => new Promise(() => {}) })
    const closing = hanging.sink.close()
    await turns(2)
    context.mock.timers.tick(10)
    await closing
  })

  test('a gateway gives it its letters, and exports its gauges once, however many pipelines there are', async (t) => {
    const { sink, writes } = heldSink()
    const { gateway, device } = await openGate(t, { onDeadLetter: sink })
    const d1 = await device(`${helloLine()}nonsense\n`)
    await d1.lines(2)
    await turns(2)
    assert.deepEqual(writes[0]?.letters, ['nonsense'])
    const { text } = await gateway.metrics.expose()
    assert.match(text, /^headgate_dead_letters_dropped_total 0$/m)
    assert.match(text, /^headgate_dead_letters_waiting_bytes 8$/m)
    writes[0]?.answer()
    await sink.close()
  })

  test('options out of range are CONFIGURATION', () => {
    for (const [options, name] of [
      [{ maxWaitingBytes: 10 }, 'maxWaitingBytes'],
      [{ closeTimeoutMs: 0 }, 'closeTimeoutMs'],
    ] as const) {
      assert.throws(() => heldSink(options), { code: 'CONFIGURATION', message: new RegExp(`^held: ${name} must be`) })
    }
  })
})
