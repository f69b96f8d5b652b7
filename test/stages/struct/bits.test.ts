import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bit, bits, flags, i16, intBits, u8, u16, u16le, u32, u48, uintBits, unusedBits } from '../../../src/struct.ts'
import { bothWays, only, refusesBytes, refusesOptions, refusesValue } from './both-ways.ts'

describe('bits', () => {
  test('what the doc comment draws is what happens', () => {
    bothWays(bits({ version: uintBits(2), acknowledged: bit, kind: uintBits(5) }), 'a3', {
      version: 2,
      acknowledged: true,
      kind: 3,
    })
  })

  test('a field may lie across bytes, in either byte order', () => {
    const fields = { a: uintBits(4), b: uintBits(11), c: bit }
    bothWays(bits(fields), '1235', { a: 1, b: 0x11a, c: true })
    bothWays(bits(fields, 'little-endian'), '3512', { a: 1, b: 0x11a, c: true })
  })

  test('signed ones have two of complement of their own width', () => {
    bothWays(bits({ a: intBits(4), b: intBits(4) }), '8f', { a: -8, b: -1 })
    bothWays(bits({ a: uintBits(4), b: intBits(28) }), '18000000', { a: 1, b: -(2 ** 27) })
    bothWays(bits({ a: intBits(40) }), 'ffffffffff', { a: -1 })
    bothWays(bits({ a: intBits(40) }), '8000000000', { a: -(2 ** 39) })
  })

  test('unused ones are read over and written as 0', () => {
    const schema = only(bits({ on: bit, rest: unusedBits(7) }))
    assert.deepEqual(schema.decode(Buffer.of(0xff)), { v: { on: true } })
    assert.deepEqual(schema.encode({ v: { on: true } }), Buffer.of(0x80))
  })

  test('any numbers of any widths come back, and stand where a number of all bits has them', () => {
    const widths = fc.array(fc.integer({ min: 1, max: 53 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(widths, fc.boolean(), fc.infiniteStream(fc.nat(2 ** 31)), (given, little, random) => {
        const total = given.reduce((sum, each) => sum + each, 0)
        const all = total % 8 === 0 ? given : [...given, 8 - (total % 8)]
        const values = all.map((width) => {
          const value = (random.next().value as number) * 2 ** 22 + (random.next().value as number)
          return value % 2 ** width
        })
        let number = 0n
        for (const [index, width] of all.entries()) number = (number << BigInt(width)) | BigInt(values[index] as number)
        const size = all.reduce((sum, each) => sum + each, 0) / 8
        const wire = Buffer.from(number.toString(16).padStart(2 * size, '0'), 'hex')
        if (little) wire.reverse()
        const fields = Object.fromEntries(all.map((width, index) => [`f${index}`, uintBits(width)]))
        const value = Object.fromEntries(values.map((each, index) => [`f${index}`, each]))
        bothWays(bits(fields, little ? 'little-endian' : 'big-endian'), wire.toString('hex'), value as never)
      }),
      { numRuns: 500 },
    )
  })

  test('values that do not fit are refused with their name and limits', () => {
    const field = bits({ a: uintBits(3), b: intBits(4), c: bit })
    refusesValue(field, { a: 8, b: 0, c: true }, /only.v.a must be a whole number from 0 to 7, not 8/)
    refusesValue(field, { a: 0, b: -9, c: true }, /only.v.b must be a whole number from -8 to 7, not -9/)
    refusesValue(field, { a: 0, b: 0, c: 1 }, /only.v.c must be true or false, not 1/)
    refusesValue(field, 7, /only.v must be an object, not 7/)
    refusesBytes(field, '', /only.v takes 1 bytes at 0/)
  })

  test('that do not fill bytes, or are too wide, are refused', () => {
    refusesOptions(() => bits({ a: uintBits(7) }), /must fill whole bytes, not 7 bits/)
    refusesOptions(() => bits({}), /not 0 bits/)
    refusesOptions(() => uintBits(54), /1 to 53 bits, not 54/)
    refusesOptions(() => uintBits(0), /not 0/)
  })
})

describe('flags', () => {
  test('what the doc comment draws is what happens', () => {
    bothWays(flags(u8, { alarm: 0, charging: 2 }), '0d', { alarm: true, charging: true, others: 8 })
  })

  test('the highest bit is a flag like any other, in either byte order', () => {
    bothWays(flags(u32, { top: 31 }), '80000001', { top: true, others: 1 })
    bothWays(flags(u32, { low: 0 }), '80000001', { low: true, others: 0x80000000 })
    bothWays(flags(u16le, { top: 15 }), '0080', { top: true, others: 0 })
  })

  test('others that would be named flags are refused', () => {
    refusesValue(
      flags(u8, { a: 0 }),
      { a: false, others: 1 },
      /only.v.others must be a whole number from 0 to 254, not 1/,
    )
    refusesValue(flags(u8, { a: 0 }), { a: false }, /only.v.others/)
    refusesValue(
      flags(u8, { a: 0 }),
      { a: 'no', others: 0 },
      /only.v.a must be true or false, not a text of 2 characters/,
    )
  })

  test('bits that there are not, or twice, are refused', () => {
    refusesOptions(() => flags(u8, { a: 8 }), /flag a must be a bit from 0 to 7, not 8/)
    refusesOptions(() => flags(u16, { a: 3, b: 3 }), /flag b is a bit that has a name/)
    refusesOptions(() => flags(i16, { a: 0 }), /unsigned integer of 1 to 4 bytes/)
    refusesOptions(() => flags(u48, { a: 0 }), /unsigned integer of 1 to 4 bytes/)
  })
})
