import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { AnySchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { protobufPayload } from '../../src/stages/protobuf-payload.ts'
import { hex, thrownBy } from './refusals.ts'
import { type Reading, ReadingSchema } from './sensor-schema.ts'

const readings = protobufPayload<Reading>(ReadingSchema)
const body = (frame: Buffer) => JSON.parse(readings.jsonBody?.(readings.decode(frame), frame).toString() ?? '')
const bytesOf = (init: Record<string, unknown>) => Buffer.from(toBinary(ReadingSchema, create(ReadingSchema, init)))

describe('protobufPayload', () => {
  test('the drawing of its comment, both ways; a value may be given by the members that it has', () => {
    const frame = hex('0a 02 6431 11 0000000000803440')
    const { id, t } = readings.decode(frame)
    assert.deepEqual([id, t], ['d1', 20.5])
    assert.deepEqual(readings.encode({ id: 'd1', t: 20.5 } as Reading), frame)
    assert.deepEqual(readings.encode(readings.decode(frame)), frame)
  })

  test('the JSON body is ProtoJSON: 64-bit integers are texts, bytes base64, fields that are 0 are there', () => {
    const frame = bytesOf({ id: 'd1', serialNumber: 2n ** 63n, raw: Uint8Array.of(1, 2) })
    assert.deepEqual(body(frame), { id: 'd1', t: 0, serialNumber: '9223372036854775808', raw: 'AQI=', parts: [] })
  })

  test('members of the JSON body may be called as in the .proto file', () => {
    const format = protobufPayload(ReadingSchema, { protoFieldNames: true })
    const text = format.jsonBody?.(format.decode(Buffer.alloc(0)), Buffer.alloc(0)).toString() ?? ''
    assert.ok('serial_number' in JSON.parse(text))
  })

  test('a field that the type does not know is not in the JSON body, and is kept on the way down', () => {
    const frame = hex('0a 02 6431 78 01')
    assert.deepEqual(Object.keys(body(frame)), ['id', 't', 'serialNumber', 'raw', 'parts'])
    assert.deepEqual(readings.encode(readings.decode(frame)), frame)
  })

  for (const [name, bytes] of [
    ['a text that claims more than is there', '0a 7f 6431'],
    ['a text of 4 GiB', '0a ffffffff0f 61'],
    ['a tag that ends nowhere', 'ff'],
    ['field 0', '00 01'],
    ['a wire type that means nothing', '0f'],
    ['a text that is not UTF-8', '0a 01 ff'],
    ['an unknown group that does not end', '7b'],
  ] as const) {
    test(`${name} is refused`, () => {
      const error = thrownBy(() => readings.decode(hex(bytes)))
      assert.deepEqual([error.code, error.cause], ['BAD_CONTENT', undefined])
      assert.match(error.message, /^a frame of \d+ bytes is not a plant.Reading$/)
    })
  }

  test('messages that nest deeper than 64 are refused, known or not', () => {
    const nested = (depth: number): Buffer => {
      let frame = Buffer.alloc(0)
      for (let each = 1; each < depth; each++) frame = Buffer.concat([Buffer.of(0x2a), lengthed(frame)])
      return frame
    }
    readings.decode(nested(64))
    for (const frame of [nested(65), Buffer.alloc(100_000, 0x7b)]) {
      assert.equal(thrownBy(() => readings.decode(frame)).code, 'BAD_CONTENT')
    }
  })

  test('what cannot be said in ProtoJSON is refused', () => {
    const any = protobufPayload(AnySchema)
    const frame = Buffer.from(toBinary(AnySchema, create(AnySchema, { typeUrl: 'type.googleapis.com/plant.Zebra' })))
    const error = thrownBy(() => any.jsonBody?.(any.decode(frame), frame))
    assert.equal(error.code, 'BAD_CONTENT')
    assert.doesNotMatch(error.message, /Zebra/)
  })

  test('whatever the bytes, there is a message with a JSON body, or BAD_CONTENT', () => {
    const byte = fc.oneof(
      fc.constantFrom(0x0a, 0x11, 0x18, 0x22, 0x2a, 0x00, 0x01, 0x02, 0x7b, 0x7c, 0xff),
      fc.nat(255),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (bytes) => {
        const frame = Buffer.from(bytes)
        try {
          body(frame)
        } catch {
          assert.equal(thrownBy(() => body(frame)).code, 'BAD_CONTENT')
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a message that is encoded decodes to the same', () => {
    const leaf = { id: fc.string({ unit: 'grapheme' }), t: fc.double(), serialNumber: fc.bigInt(0n, 2n ** 64n - 1n) }
    const reading = fc.record({ ...leaf, raw: fc.uint8Array(), parts: fc.array(fc.record(leaf), { maxLength: 3 }) })
    fc.assert(
      fc.property(reading, (init) => {
        const frame = readings.encode(init as unknown as Reading)
        assert.deepEqual(frame, bytesOf(init))
        const { id, t, serialNumber } = readings.decode(frame)
        assert.deepEqual([id, t, serialNumber], [init.id, init.t, init.serialNumber])
      }),
    )
  })

  test('a value that is none of the type is a BUG', () => {
    const ofAnyShape = readings as { encode(value: unknown): Buffer }
    for (const value of [7, null, { serialNumber: -1n }, { raw: 'x' }, { parts: [1] }]) {
      assert.equal(thrownBy(() => ofAnyShape.encode(value)).code, 'BUG')
    }
  })
})

/** A message as it stands in a field: its length as a varint, and its bytes. */
function lengthed(bytes: Buffer): Uint8Array {
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]
  return Buffer.concat([Buffer.from(length), bytes])
}
