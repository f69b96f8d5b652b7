import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { billableBlocks } from '../../src/core/message-size.ts'
import { jsonArray, newlineJoined, packing, packReadings } from '../../src/stages/packing.ts'

const json = (body: string, options = {}) =>
  telemetry(Buffer.from(body), { contentType: 'application/json', contentEncoding: 'utf-8', ...options })
const texts = (readings: readonly Telemetry[], how = jsonArray()) =>
  packReadings(readings, how).map(({ message }) => message.body.toString())

describe('packing', () => {
  test('JSON readings become the elements of one array, byte for byte', () => {
    assert.deepEqual(texts([json('{"t": 20.50}'), json('{"n":9007199254740993}')]), [
      '[{"t": 20.50},{"n":9007199254740993}]',
    ])
  })

  test('a lone reading is an array too, so that whoever reads them sees one form', () => {
    const [pack] = packReadings([json('{"t":1}', { messageId: 'm1' })], jsonArray())
    assert.equal(pack?.message.body.toString(), '[{"t":1}]')
    assert.equal(pack?.message.messageId, 'm1')
  })

  test('what does not say that it is JSON goes as it is, in its place', () => {
    const binary = telemetry(Buffer.of(1, 2))
    const packs = packReadings([json('1'), binary, json('2')], jsonArray())
    assert.deepEqual(
      packs.map(({ message }) => message.body.toString('latin1')),
      ['[1]', '\x01\x02', '[2]'],
    )
    assert.equal(packs[1]?.message, binary)
  })

  test('content types of JSON are JSON', () => {
    for (const contentType of ['application/json', 'application/json;charset=utf-8', 'application/senml+json']) {
      assert.deepEqual(texts([json('1', { contentType })]), ['[1]'])
    }
    assert.deepEqual(texts([json('1', { contentType: 'application/jsonlines' })]), ['1'])
  })

  test('lines are joined by \\n; a reading that holds one goes alone', () => {
    const readings = ['a', 'b', 'c\nd', 'e'].map((text) => telemetry(Buffer.from(text)))
    assert.deepEqual(texts(readings, newlineJoined()), ['a\nb', 'c\nd', 'e'])
  })

  test('readings with other properties, encoding, type or correlation stand apart', () => {
    const differing = [{}, { properties: { a: '1' } }, { contentEncoding: 'utf-16' }, { correlationId: 'c' }]
    const readings = differing.flatMap((options) => [json('1', options), json('2', options)])
    assert.deepEqual(texts(readings), ['[1,2]', '[1,2]', '[1,2]', '[1,2]'])
    assert.deepEqual(
      texts([json('1', { properties: { a: '1', b: '2' } }), json('2', { properties: { b: '2', a: '1' } })]),
      ['[1,2]'],
    )
  })

  test('the message has the properties of its readings, the creation time of the first, no tag', () => {
    const properties = { site: 'turin' }
    const [pack] = packReadings(
      [
        json('1', { properties, tag: 7, creationTimeUtc: '2026-01-01T00:00:00Z' }),
        json('2', { properties, tag: 8, creationTimeUtc: '2026-01-01T00:00:05Z' }),
      ],
      jsonArray(),
    )
    assert.deepEqual(pack?.message.properties, properties)
    assert.equal(pack?.message.creationTimeUtc, '2026-01-01T00:00:00Z')
    assert.equal(pack?.message.tag, undefined)
    assert.deepEqual(
      pack?.readings.map(({ tag }) => tag),
      [7, 8],
    )
  })

  test('the id is a digest of the ids: the same readings packed again have the same', () => {
    const id = (...ids: (string | undefined)[]) =>
      packReadings(
        ids.map((messageId) => json('1', { messageId })),
        jsonArray(),
      )[0]?.message.messageId
    assert.match(id('a', 'b') as string, /^[0-9a-f]{32}$/)
    assert.equal(id('a', 'b'), id('a', 'b'))
    const others = [id('b', 'a'), id('a', 'b', 'c'), id('ab', ''), id('a', 'c')]
    assert.equal(new Set([id('a', 'b'), ...others]).size, 5)
    assert.equal(id('a', undefined), undefined)
  })

  test('a function of one’s own may make more of it than expected: the message is halved until it fits', () => {
    const wordy = packing((bodies) => Buffer.alloc(bodies.length * 1000), { contentType: 'application/x-wordy' })
    const packs = packReadings(
      Array.from({ length: 10 }, (_, tag) => telemetry(Buffer.of(1), { tag })),
      wordy,
    )
    assert.deepEqual(
      packs.map(({ readings }) => readings.length),
      [3, 2, 3, 2],
    )
    assert.equal(packs[0]?.message.contentType, 'application/x-wordy')
  })

  test('a reading that alone costs more than the meters goes alone', () => {
    const packs = packReadings([json('1'), json(`"${'x'.repeat(5000)}"`), json('2')], jsonArray())
    assert.deepEqual(
      packs.map(({ readings }) => readings.length),
      [1, 1, 1],
    )
  })

  test('meters out of range are refused when the packing is made', () => {
    for (const maxMeters of [0, 64, 1.5, Number.NaN]) {
      assert.throws(() => jsonArray({ maxMeters }), {
        code: 'CONFIGURATION',
        message: /maxMeters must be an integer from 1 to 63/,
      })
    }
  })

  test('whatever is packed: every reading once and in order, no message over its meters, and full ones', () => {
    const readings = fc.array(
      fc.record({ bytes: fc.nat(3000), site: fc.constantFrom('a', 'b'), plain: fc.boolean() }),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(readings, fc.integer({ min: 1, max: 3 }), (shapes, maxMeters) => {
        const all = shapes.map(({ bytes, site, plain }, tag) =>
          telemetry(Buffer.from(`"${'x'.repeat(bytes)}"`), {
            tag,
            properties: { site },
            contentType: plain ? undefined : 'application/json',
          }),
        )
        const packs = packReadings(all, jsonArray({ maxMeters }))
        assert.deepEqual(
          packs.flatMap((pack) => pack.readings),
          all,
        )
        for (const { message, readings: inside } of packs) {
          if (inside.length > 1) {
            assert.ok(billableBlocks(message) <= maxMeters)
            assert.deepEqual(
              JSON.parse(message.body.toString()),
              inside.map(({ body }) => JSON.parse(body.toString())),
            )
          }
        }
      }),
    )
  })
})
