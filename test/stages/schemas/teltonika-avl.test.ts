import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { teltonikaAvl } from '../../../src/stages/schemas/teltonika-avl.ts'
import { seeded } from '../../../src/testing.ts'
import { vectorsOf } from '../vectors.ts'

/** The documented example of codec 8: one record, five values. */
const documented =
  '08010000016b40d8ea30010000000000000000000000000000000105021503010101425e0f01f10000601a014e000000000000000001'

type Avl = ReturnType<typeof teltonikaAvl.decode>

/** What the vectors expect of a packet, in their words. */
function inTheirWords({ data }: Avl): unknown {
  const codec = { codec8: 8, codec8Extended: 142, codec16: 16 }[data.kind]
  const records = data.value.records.map((record) => {
    const { io_count, io1, io2, io4, io8, ...rest } = record
    const { io_x = [], ...position } = 'io_x' in rest ? rest : { ...rest, io_x: [] }
    const fixed = [io1, io2, io4, io8].flatMap((group, index) =>
      group.map(({ id, value }) => ({ id, bytes: 2 ** index, hex: value })),
    )
    const variable = io_x.map(({ id, value }) => ({ id, bytes: value.length, hex: value.toString('hex') }))
    const io = [...fixed, ...variable]
    assert.equal(io_count, io.length)
    return { ...position, io }
  })
  return { kind: 'avl', codec, record_count: records.length, records }
}

describe('the AVL schema of Teltonika', () => {
  test('reads and writes the documented example', () => {
    const frame = Buffer.from(documented, 'hex')
    const { data } = teltonikaAvl.decode(frame)
    assert.equal(data.kind, 'codec8')
    assert.equal(data.value.records[0]?.timestamp_ms, 1_560_161_086_000)
    assert.deepEqual(teltonikaAvl.encode(teltonikaAvl.decode(frame)), frame)
  })

  test('gives what the vectors expect, and the same bytes back', () => {
    const vectors = vectorsOf('teltonika')?.filter(
      ({ expected, variant }) => expected.kind === 'avl' && variant !== 'codec08-n16',
    )
    if (vectors === undefined) return
    for (const { name, hex, expected } of vectors) {
      const whole = Buffer.from(hex, 'hex')
      const frame = whole.subarray(8, 8 + whole.readUInt32BE(4))
      const decoded = teltonikaAvl.decode(frame)
      const { crc16, ...said } = expected
      assert.ok(typeof crc16 === 'number')
      assert.deepEqual(inTheirWords(decoded), said, name)
      assert.deepEqual(teltonikaAvl.encode(decoded), frame, name)
      assert.equal(teltonikaAvl.annotate(frame).error, undefined, name)
    }
    assert.ok(vectors.length >= 20, `${vectors.length} vectors`)
  })

  test('makes up packets of all three codecs that come back', () => {
    const random = seeded(1)
    const kinds = new Set<string>()
    for (let count = 0; count < 200; count++) {
      const value = teltonikaAvl.sample(random)
      kinds.add(value.data.kind)
      assert.deepEqual(teltonikaAvl.decode(teltonikaAvl.encode(value)), value)
    }
    assert.deepEqual([...kinds].sort(), ['codec16', 'codec8', 'codec8Extended'])
  })

  test('refuses a packet whose two counts differ, and one that does not end with its records', () => {
    assert.throws(() => teltonikaAvl.decode(Buffer.from(documented.replace(/01$/, '02'), 'hex')), {
      code: 'BAD_CONTENT',
      message: /repeated_count is 2 instead of 1/,
    })
    assert.throws(() => teltonikaAvl.decode(Buffer.from(`${documented}00`, 'hex')), { message: /1 bytes are left/ })
  })
})
