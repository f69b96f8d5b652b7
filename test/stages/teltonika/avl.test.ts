import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { type AvlRecord, decodeAvl, encodeAvl, isAvlCodec } from '../../../src/stages/teltonika/avl.ts'
import { anyRecords, avlCodecs, record } from './frames.ts'

const value = (id: number, bytes: number) => ({ id, bytes, hex: '0a'.repeat(bytes) })

describe('AVL data of Teltonika', () => {
  test('the documented example of codec 8 means what the manual says', () => {
    const data =
      '08010000016b40d8ea30010000000000000000000000000000000105021503010101425e0f01f10000601a014e000000000000000001'
    const { packet, bytes } = decodeAvl(Buffer.from(data, 'hex'))
    assert.deepEqual(packet, {
      kind: 'avl',
      codec: 8,
      record_count: 1,
      records: [
        {
          timestamp_ms: 1_560_161_086_000,
          priority: 1,
          longitude_deg: 0,
          latitude_deg: 0,
          altitude_m: 0,
          angle_deg: 0,
          satellites: 0,
          speed_kmh: 0,
          event_io_id: 1,
          io: [
            { id: 21, bytes: 1, hex: '03' },
            { id: 1, bytes: 1, hex: '01' },
            { id: 66, bytes: 2, hex: '5e0f' },
            { id: 241, bytes: 4, hex: '0000601a' },
            { id: 78, bytes: 8, hex: '0000000000000000' },
          ],
        },
      ],
    })
    assert.deepEqual(
      bytes.map((each) => each.toString('hex')),
      [data.slice(4, -2)],
    )
  })

  for (const codec of avlCodecs) {
    test(`records of codec ${codec} come back as they were, and each shows its own bytes`, () => {
      fc.assert(
        fc.property(anyRecords(codec), (records) => {
          const data = encodeAvl(codec, records)
          const { packet, bytes } = decodeAvl(data)
          assert.deepEqual(packet, { kind: 'avl', codec, record_count: records.length, records })
          assert.deepEqual(Buffer.concat(bytes), data.subarray(2, -1))
          for (const [index, each] of records.entries()) {
            assert.deepEqual(decodeAvl(encodeAvl(codec, [each])).bytes, [bytes[index]])
          }
        }),
      )
    })

    test(`damaged data of codec ${codec} give records or BAD_CONTENT, never anything else`, () => {
      const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
      fc.assert(
        fc.property(anyRecords(codec), damage, fc.nat(20), (records, changes, cut) => {
          const data = encodeAvl(codec, records)
          for (const [place, byte] of changes) data[place % data.length] = byte
          orBadContent(() => decodeAvl(data.subarray(0, Math.max(3, data.length - cut))))
        }),
      )
    })
  }

  test('any bytes give records or BAD_CONTENT', () => {
    fc.assert(
      fc.property(fc.constantFrom(...avlCodecs), fc.uint8Array({ minLength: 2 }), (codec, bytes) => {
        orBadContent(() => decodeAvl(Buffer.of(codec, ...bytes)))
      }),
    )
  })

  test('codec 8 with values of 16 bytes is read where the plain reading does not end with the records', () => {
    const records = [record(1, [value(1, 1), value(2, 8), value(3, 16)]), record(2, [])]
    const data = encodeAvl(8, records)
    assert.deepEqual(decodeAvl(data).packet.records, records)
    assert.equal(data.length, 2 + (26 + 4 + 2 + 9 + 1 + 17) + (26 + 5) + 1)
  })

  test('a height below the sea and a longitude west come out below zero', () => {
    const west: AvlRecord = { ...record(1), longitude_deg: -70.7014338, altitude_m: -6 }
    const [back] = decodeAvl(encodeAvl(8, [west])).packet.records
    assert.deepEqual([back?.longitude_deg, back?.altitude_m], [-70.7014338, -6])
  })

  test('a packet of no records is one', () => {
    assert.deepEqual(decodeAvl(Buffer.of(0x8e, 0, 0)), {
      packet: { kind: 'avl', codec: 142, record_count: 0, records: [] },
      bytes: [],
    })
  })

  test('two counts that differ, bytes left over and bytes missing are told as such', () => {
    const data = encodeAvl(8, [record(1), record(2)])
    const changed = (at: number, byte: number) => {
      const copy = Buffer.from(data)
      copy[at] = byte
      return copy
    }
    const refused = (bytes: Buffer, message: RegExp) =>
      assert.throws(() => decodeAvl(bytes), { code: 'BAD_CONTENT', message })
    refused(changed(data.length - 1, 3), /2 records by its head and 3 by its end/)
    refused(changed(1, 1), /32 bytes are left behind 1 records/)
    refused(changed(1, 3), /^record 3: /)
    refused(Buffer.concat([data, data]), /bytes are left behind 2 records/)
    refused(Buffer.of(7, 0, 0), /codec 7/)
  })

  test('what a codec cannot say is refused when it is written', () => {
    assert.throws(() => encodeAvl(16, [record(1, [value(1, 16)])]), { message: 'codec 16 has no values of 16 bytes' })
    assert.throws(() => encodeAvl(8, [record(1, [value(1, 3)])]), { message: 'codec 8 has no values of 3 bytes' })
    assert.throws(() => encodeAvl(8, [record(1, [value(256, 1)])]), { code: 'BAD_CONTENT', message: /256/ })
  })

  test('three codecs are known as AVL data', () => {
    const known = Array.from({ length: 256 }, (_, codec) => codec).filter(isAvlCodec)
    assert.deepEqual(known, [8, 16, 142])
  })
})

function orBadContent(call: () => unknown): void {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === 'BAD_CONTENT', String(error))
  }
}
