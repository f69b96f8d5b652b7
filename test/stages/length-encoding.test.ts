import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bcd, bigEndian, digitOf, digits, type LengthEncoding, littleEndian } from '../../src/stages/length-encoding.ts'

/** Encoding, sizes that it takes, an example of 3 bytes (8 for the last two). */
const encodings: [string, LengthEncoding, number[], number, string][] = [
  ['bigEndian', bigEndian, [1, 2, 3, 4, 8], 0x010203, '010203'],
  ['littleEndian', littleEndian, [1, 2, 3, 4, 8], 0x010203, '030201'],
  ['decimal digits', digits(10), [1, 2, 3, 4, 5, 6, 7, 8], 12, '303132'],
  ['hex digits', digits(16), [1, 2, 3, 4, 5, 6, 7, 8], 0xabc, '414243'],
  ['bcd', bcd, [1, 2, 3, 4, 5, 6, 7], 1203, '001203'],
]

describe('how lengths are written', () => {
  for (const [name, encoding, sizes, example, written] of encodings) {
    test(`${name}: ${example} is ${written}`, () => {
      const bytes = Buffer.alloc(5, 0xee)
      encoding.write(bytes, example, 1, 3)
      assert.equal(bytes.toString('hex'), `ee${written}ee`)
      assert.equal(encoding.read(bytes, 1, 3), example)
    })

    test(`${name}: what was written is read again, up to the limit, and nothing beside it is touched`, () => {
      fc.assert(
        fc.property(fc.constantFrom(...sizes), fc.double({ min: 0, max: 1, noNaN: true }), (size, part) => {
          const greatest = Math.min(encoding.limit(size) - 1, Number.MAX_SAFE_INTEGER)
          for (const length of [0, Math.floor(part * greatest), greatest]) {
            const bytes = Buffer.alloc(size + 2, 0xee)
            encoding.write(bytes, length, 1, size)
            assert.equal(encoding.read(bytes, 1, size), length)
            assert.deepEqual([bytes[0], bytes[size + 1]], [0xee, 0xee])
          }
        }),
      )
    })
  }

  test('the limit is the first length that does not fit', () => {
    assert.deepEqual(
      [bigEndian.limit(2), littleEndian.limit(4), digits(10).limit(3), digits(16).limit(2), bcd.limit(2)],
      [65_536, 2 ** 32, 1000, 256, 10_000],
    )
  })

  test('lengths of 8 bytes beyond what JavaScript holds exactly are read as about what they are', () => {
    const bytes = Buffer.alloc(8, 0xff)
    for (const encoding of [bigEndian, littleEndian]) assert.equal(encoding.read(bytes, 0, 8), 2 ** 64)
  })

  test('every byte is a digit or none, hex in either case', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = String.fromCharCode(byte)
      assert.equal(digitOf(byte, 10), /^[0-9]$/.test(text) ? Number(text) : Number.NaN)
      assert.equal(digitOf(byte, 16), /^[0-9a-f]$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN)
    }
  })

  test('what holds anything but digits is no length', () => {
    for (const text of ['1a', ' 1', '-1', '1.', '+1', '\u00001']) {
      assert.ok(Number.isNaN(digits(10).read(Buffer.from(text), 0, 2)), text)
    }
    for (const text of ['1g', '0x', '@1', '`1']) assert.ok(Number.isNaN(digits(16).read(Buffer.from(text), 0, 2)), text)
    for (const byte of [0x1a, 0xa1, 0xff]) assert.ok(Number.isNaN(bcd.read(Buffer.of(0x12, byte), 0, 2)))
  })
})
