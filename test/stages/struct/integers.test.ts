import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  f32,
  f32le,
  f64,
  f64le,
  i8,
  i16,
  i16le,
  i24,
  i24le,
  i32,
  i32le,
  i48,
  i48le,
  i64,
  i64le,
  int,
  type NumberField,
  u8,
  u16,
  u16le,
  u24,
  u24le,
  u32,
  u32le,
  u48,
  u48le,
  u64,
  u64le,
  uint,
} from '../../../src/struct.ts'
import { bothWays, only, refusesBytes, refusesOptions, refusesValue } from './both-ways.ts'

/** Each integer with its bytes, and whether it has a sign and its least significant byte first. */
const integers: readonly [NumberField, number, boolean, boolean][] = [
  [u8, 1, false, false],
  [u16, 2, false, false],
  [u16le, 2, false, true],
  [u24, 3, false, false],
  [u24le, 3, false, true],
  [u32, 4, false, false],
  [u32le, 4, false, true],
  [uint(5), 5, false, false],
  [uint(5, 'little-endian'), 5, false, true],
  [u48, 6, false, false],
  [u48le, 6, false, true],
  [i8, 1, true, false],
  [i16, 2, true, false],
  [i16le, 2, true, true],
  [i24, 3, true, false],
  [i24le, 3, true, true],
  [i32, 4, true, false],
  [i32le, 4, true, true],
  [int(5), 5, true, false],
  [int(5, 'little-endian'), 5, true, true],
  [i48, 6, true, false],
  [i48le, 6, true, true],
]

/** As Node writes it. */
function byNode(value: number, bytes: number, signed: boolean, little: boolean): string {
  const buffer = Buffer.alloc(bytes)
  if (signed) little ? buffer.writeIntLE(value, 0, bytes) : buffer.writeIntBE(value, 0, bytes)
  else little ? buffer.writeUIntLE(value, 0, bytes) : buffer.writeUIntBE(value, 0, bytes)
  return buffer.toString('hex')
}

describe('integers', () => {
  test('any value of any width, sign and byte order is what Node reads and writes', () => {
    for (const [field, bytes, signed, little] of integers) {
      const edges = [field.min, field.min + 1, 0, 1, 0x7f, field.max - 1, field.max].filter((each) => each >= field.min)
      for (const value of edges) {
        if (value <= field.max) bothWays(field, byNode(value, bytes, signed, little), value)
      }
      fc.assert(
        fc.property(
          fc.integer({ min: Math.max(field.min, -(2 ** 47)), max: Math.min(field.max, 2 ** 48 - 1) }),
          (value) => {
            bothWays(field, byNode(value, bytes, signed, little), value)
          },
        ),
      )
    }
  })

  test('a value beyond the field, or that is no whole number, is refused with the limits', () => {
    for (const [field] of integers) {
      const limits = new RegExp(`only.v must be a whole number from ${field.min} to ${field.max}, not `)
      for (const value of [field.min - 1, field.max + 1, 0.5, Number.NaN, '1', undefined, null, 1n]) {
        refusesValue(field, value, limits)
      }
    }
  })

  test('of 7 and 8 bytes hold what a number holds, and refuse the rest', () => {
    for (const [bytes, order] of [
      [8, 'big-endian'],
      [8, 'little-endian'],
      [7, 'big-endian'],
    ] as const) {
      const field = uint(bytes, order)
      const wire = (value: bigint) => {
        const digits = value.toString(16).padStart(2 * bytes, '0')
        const buffer = Buffer.from(digits, 'hex')
        return (order === 'big-endian' ? buffer : buffer.reverse()).toString('hex')
      }
      for (const value of [0n, 1n, 0x80000000n, 0xffffffffn, 0x100000000n, 2n ** 53n - 1n]) {
        bothWays(field, wire(value), Number(value))
      }
      refusesBytes(
        field,
        wire(2n ** 53n),
        /only.v must be a whole number from 0 to 9007199254740991, not 9007199254740992/,
      )
      refusesBytes(field, wire(2n ** BigInt(8 * bytes) - 1n), /from 0 to 9007199254740991/)
    }
  })

  test('of 8 bytes as bigint hold everything', () => {
    bothWays(u64, '0102030405060708', 0x0102030405060708n)
    bothWays(u64, 'ffffffffffffffff', 2n ** 64n - 1n)
    bothWays(u64le, '0807060504030201', 0x0102030405060708n)
    bothWays(i64, 'ffffffffffffffff', -1n)
    bothWays(i64le, '0000000000000080', -(2n ** 63n))
    refusesValue(u64, -1n, /from 0 to 18446744073709551615, not -1/)
    refusesValue(u64, 1, /must be a whole number/)
    refusesValue(i64, 2n ** 63n, /from -9223372036854775808 to 9223372036854775807/)
  })

  test('too few bytes are refused with the field, its size, its place and how many there are', () => {
    refusesBytes(u32, '010203', /^only.v takes 4 bytes at 0, of 3 that there are$/)
    refusesBytes(u8, '', /^only.v takes 1 bytes at 0, of 0 that there are$/)
  })

  test('widths and byte orders that there are not are refused', () => {
    refusesOptions(() => uint(9), /1 to 8 bytes, not 9/)
    refusesOptions(() => int(7), /1 to 6 bytes, not 7/)
    refusesOptions(() => uint(1.5), /not 1.5/)
    refusesOptions(() => uint(2, 'middle' as 'big-endian'), /byteOrder must be .* not middle/)
  })
})

describe('floating point numbers', () => {
  test('are those of IEEE 754 in either byte order', () => {
    bothWays(f32, '41480000', 12.5)
    bothWays(f32le, '00004841', 12.5)
    bothWays(f64, '4029000000000000', 12.5)
    bothWays(f64le, '0000000000002940', 12.5)
    bothWays(f32, 'ff800000', Number.NEGATIVE_INFINITY)
    assert.ok(Number.isNaN(only(f32).decode(Buffer.from('7fc00000', 'hex')).v))
    refusesValue(f32, '1', /only.v must be a number, not a text of 1 characters/)
  })
})
