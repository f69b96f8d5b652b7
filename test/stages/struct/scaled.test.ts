import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  bcdNumber,
  calendar,
  i32,
  scaled,
  u8,
  u16,
  u32,
  uint,
  unixMilliseconds,
  unixSeconds,
} from '../../../src/struct.ts'
import { bothWays, bytesOf, only, refusesBytes, refusesOptions, refusesValue } from './both-ways.ts'

describe('scaled', () => {
  test('what the doc comment draws is what happens', () => {
    bothWays(scaled(i32, { divideBy: 1e7, unit: 'deg' }), '0f1133d8', 25.2785624)
  })

  test('value = wire x multiplyBy / divideBy + add', () => {
    bothWays(scaled(u16, { divideBy: 10 }), '0001', 0.1)
    bothWays(scaled(u8, { multiplyBy: 5 }), '03', 15)
    bothWays(scaled(u8, { add: -40 }), '00', -40)
    bothWays(scaled(u8, { multiplyBy: 9, divideBy: 5, add: 32 }), '64', 212)
    bothWays(scaled(bcdNumber(2), { divideBy: 100 }), '1234', 12.34)
  })

  test('encoding rounds to the nearest that the wire can say, and never to a minus zero', () => {
    const schema = only(scaled(i32, { divideBy: 10 }))
    assert.deepEqual(schema.encode({ v: 1.26 }), bytesOf('0000000d'))
    assert.deepEqual(schema.encode({ v: -0.01 }), bytesOf('00000000'))
  })

  test('every number of 32 bits comes back through degrees', () => {
    const schema = only(scaled(i32, { divideBy: 1e7 }))
    fc.assert(
      fc.property(fc.integer(), (wire) => {
        const frame = Buffer.alloc(4)
        frame.writeInt32BE(wire)
        assert.deepEqual(schema.encode(schema.decode(frame)), frame)
      }),
      { numRuns: 2000 },
    )
  })

  test('a value beyond the wire, or that is no number, is refused', () => {
    refusesValue(scaled(u8, { divideBy: 10 }), 25.6, /only.v must be a whole number from 0 to 255, not 256/)
    refusesValue(scaled(u8, { divideBy: 10 }), '1', /only.v must be a number, not a text of 1 characters/)
    refusesValue(scaled(u8, { divideBy: 10 }), Number.NaN, /not NaN/)
    refusesOptions(() => scaled(u8, { divideBy: 0 }), /divideBy must be a number other than 0, not 0/)
    refusesOptions(() => scaled(u8, { multiplyBy: Number.NaN }), /multiplyBy/)
    refusesOptions(() => scaled(u8, { add: Number.POSITIVE_INFINITY }), /add must be a number, not Infinity/)
  })
})

describe('times', () => {
  test('since 1970 in seconds and milliseconds are ISO 8601 in UTC', () => {
    bothWays(unixSeconds(u32), '5fee6600', '2021-01-01T00:00:00.000Z')
    bothWays(unixMilliseconds(uint(8)), '0000016b40d8ea30', '2019-06-10T10:04:46.000Z')
    bothWays(unixSeconds(u32), '00000000', '1970-01-01T00:00:00.000Z')
    bothWays(unixSeconds(u32), 'ffffffff', '2106-02-07T06:28:15.000Z')
  })

  test('since 1970 that no date has, or that are finer than the field, are refused', () => {
    refusesBytes(
      unixMilliseconds(uint(8)),
      '001fffffffffffff',
      /only.v is 9007199254740991 ms after 1970, which is no date/,
    )
    refusesValue(unixSeconds(u32), '2021-01-01T00:00:00.500Z', /only.v is finer than 1000 ms/)
    refusesValue(
      unixSeconds(u32),
      'yesterday',
      /only.v must be a time in ISO 8601 with its zone, not a text of 9 characters/,
    )
    refusesValue(unixSeconds(u32), '1969-12-31T23:59:59Z', /from 0 to 4294967295, not -1/)
    refusesValue(unixSeconds(u32), 7, /a time in ISO 8601 with its zone, not 7/)
  })

  test('by the calendar are in UTC where their zone is known, and as they stand where not', () => {
    const bcdIn = (zone: string) => calendar({ digits: 'bcd', zone })
    bothWays(bcdIn('+08:00'), '191015212000', '2019-10-15T13:20:00.000Z')
    bothWays(bcdIn('-03:30'), '191231220000', '2020-01-01T01:30:00.000Z')
    bothWays(bcdIn('Z'), '200229235959', '2020-02-29T23:59:59.000Z')
    bothWays(calendar({ digits: 'binary' }), '0b081d112e10', '2011-08-29T17:46:16')
  })

  test('by the calendar that there are not are refused', () => {
    const binary = calendar({ digits: 'binary' })
    refusesBytes(binary, '000000000000', /only.v is no date: 0 0 0 0 0 0/)
    refusesBytes(binary, '15021d000000', /only.v is no date: 21 2 29 0 0 0/)
    refusesBytes(binary, '150101180000', /no date/)
    refusesBytes(binary, 'c80101000000', /no date: 200/)
    refusesBytes(calendar({ digits: 'bcd' }), '1a0101000000', /only.v has digits that are not decimal/)
    refusesValue(binary, '1999-12-31T23:59:59', /in the years 2000 to 2099, not 1999/)
    refusesValue(binary, '2020-01-01T00:00:00.5', /finer than a second/)
    refusesValue(binary, 'now', /a time in ISO 8601 without zone, not a text of 3 characters/)
    refusesOptions(() => calendar({ digits: 'bcd', zone: 'CET' }), /zone must be Z or like \+08:00, not CET/)
    refusesOptions(() => calendar({ digits: 'roman' as 'bcd' }), /digits must be 'bcd' or 'binary', not roman/)
  })
})
