import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodedTelemetry } from '../../src/stages/decoded-telemetry.ts'

test('decoded fields become JSON in UTF-8, under the names of their protocol and type', () => {
  const value = { kind: 'location', latitude_deg: 45.5, plate: '粤A', serial: 7 }
  const time = new Date('2024-05-06T07:08:09Z')
  const item = decodedTelemetry(value, {
    protocol: 'gt06',
    type: 'location',
    tag: 7,
    messageId: '7-abc',
    time,
    properties: { buffered: 'true' },
  })
  assert.equal(item.body.toString(), '{"kind":"location","latitude_deg":45.5,"plate":"粤A","serial":7}')
  assert.deepEqual(item.properties, { protocol: 'gt06', type: 'location', buffered: 'true' })
  assert.deepEqual([item.contentType, item.contentEncoding], ['application/json', 'utf-8'])
  assert.deepEqual([item.tag, item.messageId, item.value], [7, '7-abc', value])
  assert.equal(item.creationTimeUtc, '2024-05-06T07:08:09.000Z')
})

test('a device whose clock makes no sense has no creation time, and loses nothing else', () => {
  const item = decodedTelemetry({ kind: 'x' }, { protocol: 'p', type: 'x', time: new Date(Number.NaN) })
  assert.equal(item.creationTimeUtc, undefined)
  assert.deepEqual([item.tag, item.messageId], [undefined, undefined])
})
