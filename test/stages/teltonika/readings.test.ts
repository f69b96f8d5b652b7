import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Telemetry } from '../../../src/core/items.ts'
import { type AvlRecord, decodeAvl, encodeAvl } from '../../../src/stages/teltonika/avl.ts'
import { commonAvlIds } from '../../../src/stages/teltonika/avl-ids.ts'
import { type ReadingOptions, readingsOf } from '../../../src/stages/teltonika/readings.ts'
import { record } from './frames.ts'

const of = (records: readonly AvlRecord[], options: Partial<ReadingOptions> = {}, beside = {}) =>
  readingsOf(decodeAvl(encodeAvl(8, records)), beside, { records: 'split', avlIds: undefined, ...options })?.messages ??
  []
const idsOf = (messages: readonly Telemetry[]) => messages.map(({ messageId }) => messageId)
const bodyOf = (message: Telemetry | undefined) => JSON.parse(String(message?.body))

describe('readings of a packet', () => {
  test('are one a record, each with its fields, the codec, the number of records, its time and its properties', () => {
    const messages = of([record(1), record(2)], {}, { crc16: 7 })
    assert.equal(messages.length, 2)
    assert.deepEqual(bodyOf(messages[1]), { kind: 'avl', codec: 8, record_count: 2, ...record(2), crc16: 7 })
    const { properties, creationTimeUtc, contentType, contentEncoding, tag } = messages[1] as Telemetry
    assert.deepEqual(properties, { protocol: 'teltonika', type: 'avl' })
    assert.deepEqual(
      [creationTimeUtc, contentType, contentEncoding],
      ['2023-11-14T22:13:22.000Z', 'application/json', 'utf-8'],
    )
    assert.equal(tag, messages[0]?.tag, 'they share the answer')
  })

  test('or one in all', () => {
    const [message, ...others] = of([record(1), record(2)], { records: 'pack' })
    assert.deepEqual(others, [])
    assert.deepEqual(bodyOf(message), { kind: 'avl', codec: 8, record_count: 2, records: [record(1), record(2)] })
    assert.equal(message?.creationTimeUtc, '2023-11-14T22:13:21.000Z')
  })

  test('a record has the same message id beside whichever others it comes, and no other record has it', () => {
    const [one, two, three] = idsOf(of([record(1), record(2), record(3)]))
    assert.match(one ?? '', /^1700000001000-[0-9a-f]{12}$/)
    assert.deepEqual(idsOf(of([record(2), record(4)]))[0], two)
    assert.deepEqual(idsOf(of([record(3), record(1)])), [three, one])
    const moved = { ...record(1), speed_kmh: 37 }
    assert.notEqual(idsOf(of([moved]))[0], one)
  })

  test('two equal records in a packet have two message ids, the same when the packet comes again', () => {
    const ids = idsOf(of([record(1), record(1), record(1)]))
    assert.deepEqual(ids, [ids[0], `${ids[0]}-2`, `${ids[0]}-3`])
    assert.deepEqual(idsOf(of([record(1), record(1), record(1)])), ids)
  })

  test('a pack has the same message id when it comes again, and another when its records are others', () => {
    const [id] = idsOf(of([record(1), record(2)], { records: 'pack' }))
    assert.deepEqual(idsOf(of([record(1), record(2)], { records: 'pack' })), [id])
    assert.notEqual(idsOf(of([record(1)], { records: 'pack' }))[0], id)
  })

  test('a pack that the hub would not take is split', () => {
    const io = Array.from({ length: 255 }, (_, id) => ({ id, bytes: 1, hex: '00' }))
    const records = Array.from({ length: 60 }, (_, number) => record(number, io))
    assert.equal(of(records.slice(0, 25), { records: 'pack' }).length, 1)
    assert.equal(of(records, { records: 'pack' }).length, 60)
  })

  test('values that have a name stand beside the raw ones', () => {
    const io = [{ id: 182, bytes: 2, hex: '000b' }]
    const [split] = of([record(1, io)], { avlIds: commonAvlIds })
    assert.deepEqual(bodyOf(split).values, { hdop: 1.1 })
    assert.deepEqual(bodyOf(split).io, io)
    const [packed] = of([record(1, io)], { avlIds: commonAvlIds, records: 'pack' })
    assert.deepEqual(bodyOf(packed).records[0].values, { hdop: 1.1 })
  })

  test('a time beyond all calendars is no creation time', () => {
    const [message] = of([{ ...record(1), timestamp_ms: Number.MAX_SAFE_INTEGER }])
    assert.equal(message?.creationTimeUtc, undefined)
    assert.match(message?.messageId ?? '', /^9007199254740991-/)
  })
})
