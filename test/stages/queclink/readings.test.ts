import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Telemetry } from '../../../src/core/items.ts'
import { decodeMessage } from '../../../src/stages/queclink/message.ts'
import { type ReadingOptions, readingsOf, serverReading } from '../../../src/stages/queclink/readings.ts'
import { ReceiptGroup } from '../../../src/stages/receipt-group.ts'

const first = '1,4.3,92,70.0,121.354335,31.222073,20260501115900,0460,0000,18D8,6141,00'
const second = '1,5.1,95,71.0,121.354400,31.222100,20260501115930,,,,,00'
const report = `GTFRI,1A0800,350000000000017,van,0,0,2,${first},${second},85,20260501120000,00A1`

function readings(text: string, options: ReadingOptions = {}): Telemetry[] {
  return readingsOf(decodeMessage(text), text, options)
}

function bodies(read: readonly Telemetry[]) {
  return read.map(({ body }) => JSON.parse(body.toString()))
}

test('a report is one reading with all its positions, at the time of the last', () => {
  const read = readings(`+RESP:${report}`)
  assert.equal(read.length, 1)
  const [{ locations, cells, ...body }] = bodies(read) as [Record<string, unknown>]
  assert.deepEqual(
    [(locations as unknown[]).length, cells],
    [2, [{ mcc: 460, mnc: 0, lac: 0x18d8, cell_id: 0x6141 }, null]],
  )
  assert.ok(!('field_count' in body), 'what only frames it stays out')
  assert.equal(read[0]?.creationTimeUtc, '2026-05-01T11:59:30.000Z')
  assert.deepEqual(read[0]?.properties, { protocol: 'queclink', type: 'report', report: 'GTFRI' })
  assert.deepEqual([read[0]?.contentType, read[0]?.contentEncoding], ['application/json', 'utf-8'])
})

test('the envelope shows how many fields there were', () => {
  assert.equal(bodies(readings(`+RESP:${report}`, { envelope: true }))[0].field_count, 34)
})

test('split, it is a reading for each position, with its own time, number and message id; the fields go with the first', () => {
  const read = readings(`+RESP:${report}`, { positions: 'split' })
  assert.deepEqual(
    bodies(read).map(({ locations, cells, position, fields }) => [
      locations[0].speed_kmh,
      locations.length,
      cells[0]?.mcc,
      position,
      fields?.length,
    ]),
    [
      [4.3, 1, 460, 1, 28],
      [5.1, 1, undefined, 2, undefined],
    ],
  )
  assert.deepEqual(
    read.map(({ creationTimeUtc }) => creationTimeUtc),
    ['2026-05-01T11:59:00.000Z', '2026-05-01T11:59:30.000Z'],
  )
  const [packed] = readings(`+RESP:${report}`)
  assert.deepEqual(
    read.map(({ messageId }) => messageId),
    [`${packed?.messageId}-1`, `${packed?.messageId}-2`],
  )
})

test('split or not, a report with one position, or none, is one reading', () => {
  for (const text of [
    `+RESP:GTFRI,1A0800,350000000000017,van,0,0,1,${first},85,20260501120000,00A1`,
    '+RESP:GTPNA,1A0800,350000000000017,,20260501120000,00A1',
  ]) {
    assert.deepEqual(bodies(readings(text, { positions: 'split' })), bodies(readings(text)))
  }
})

test('the message id is send time, count and a digest, the same from the buffer as live, another for other content', () => {
  const [live, buffered, other] = [`+RESP:${report}`, `+BUFF:${report}`, `+RESP:${report.replace('van', 'car')}`].map(
    (text) => readings(text)[0]?.messageId,
  )
  assert.match(live as string, /^20260501120000-00A1-[\da-f]{12}$/)
  assert.equal(buffered, live)
  assert.notEqual(other, live)
})

test('without a send time the message id is count and digest, and where nothing is dated there is no creation time', () => {
  const [read] = readings('+RESP:GTPNA,1A0800,350000000000017,,,00A1')
  assert.match(read?.messageId as string, /^00A1-[\da-f]{12}$/)
  assert.equal(read?.creationTimeUtc, undefined)
})

test('the send time is the creation time of a report without a position', () => {
  const [read] = readings('+RESP:GTPNA,1A0800,350000000000017,,20260501120000,00A1')
  assert.equal(read?.creationTimeUtc, '2026-05-01T12:00:00.000Z')
})

test('what was buffered says so to routes too', () => {
  assert.deepEqual(readings(`+BUFF:${report}`)[0]?.properties, {
    protocol: 'queclink',
    type: 'report',
    report: 'GTFRI',
    buffered: 'true',
  })
})

test('with SACK all readings of a report share one group of its count; answers and heartbeats wait for none', () => {
  const read = readings(`+RESP:${report}`, { positions: 'split', sack: true })
  const { tag } = read[0] as Telemetry
  assert.ok(tag instanceof ReceiptGroup && tag.of === '00A1' && tag.size === 2)
  assert.equal(read[1]?.tag, tag)
  assert.equal(readings(`+RESP:${report}`)[0]?.tag, undefined)
  assert.equal(readings('+ACK:GTHBD,1A0800,350000000000017,,20260501120000,00A1', { sack: true })[0]?.tag, undefined)
})

test('what a server said is a reading of its kind', () => {
  const { properties, body } = serverReading({ kind: 'sack', count: '11F0' })
  assert.deepEqual(
    [properties, body.toString()],
    [{ protocol: 'queclink', type: 'sack' }, '{"kind":"sack","count":"11F0"}'],
  )
})
