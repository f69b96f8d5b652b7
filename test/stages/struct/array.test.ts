import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  array,
  bytes,
  countOf,
  field,
  i8,
  padding,
  rest,
  sized,
  struct,
  text,
  u8,
  u16,
  u32,
} from '../../../src/struct.ts'
import { seeded } from '../../../src/testing.ts'
import { bothWays, bytesOf, only, refusesBytes, refusesOptions, refusesValue } from './both-ways.ts'

const pair = struct('pair', { id: u8, value: u16 })

describe('array', () => {
  test('what the doc comment draws is what happens', () => {
    bothWays(array(u16, u8), '0200010002', [1, 2])
    bothWays(array(u16, rest), '00010002', [1, 2])
    bothWays(sized(u8, array(u16, rest)), '0400010002', [1, 2])
  })

  test('has a fixed number of items, of structs too', () => {
    bothWays(array(pair, 2), '01000a02000b', [
      { id: 1, value: 10 },
      { id: 2, value: 11 },
    ])
    bothWays(array(u8, 0), '', [])
    refusesValue(array(u8, 2), [1], /only.v.length is 1 instead of 2/)
  })

  test('within arrays names the item that is wrong', () => {
    const nested = array(struct('row', { cells: array(text(u8), u8) }), u8)
    bothWays(nested, '02 01 0161 02 0162 0163'.replaceAll(' ', ''), [{ cells: ['a'] }, { cells: ['b', 'c'] }])
    refusesBytes(nested, '02 01 0161 02 0162 01ff'.replaceAll(' ', ''), /only.v\[1\].cells\[1\] is not ASCII/)
    refusesValue(nested, [{ cells: ['a'] }, { cells: ['b', 7] }], /only.v\[1\].cells\[1\] must be a text, not 7/)
  })

  test('counted by an earlier field has as many as that says', () => {
    const schema = struct('s', { count: u8, other: u8, list: array(u8, field('count')) })
    assert.deepEqual(schema.decode(bytesOf('02 09 0102')), { count: 2, other: 9, list: [1, 2] })
    assert.throws(() => schema.encode({ count: 3, other: 9, list: [1, 2] }), { message: 'count is 3 instead of 2' })
  })

  test('made up where an earlier field counts has a handful, as that says', () => {
    const schema = struct('s', { count: u32, list: array(u16, field('count')) })
    const random = seeded(1)
    const counts = new Set(
      Array.from({ length: 100 }, () => schema.sample(random)).map(({ count, list }) => {
        assert.equal(list.length, count)
        return count
      }),
    )
    assert.ok(counts.size > 4 && Math.max(...counts) <= 8, [...counts].join())
  })

  test('a count of four billion ends with the bytes, not with the memory', () => {
    refusesBytes(array(u8, u32), 'ffffffff0102', /only.v\[2\] takes 1 bytes at 6, of 6 that there are/)
  })

  test('a count below 0 is refused', () => {
    refusesBytes(array(u8, i8), 'ff', /only.v.length must be a whole number from 0 to 127, not -1/)
  })

  test('that is none, or whose items take no byte, is refused', () => {
    refusesValue(array(u8, u8), 'ab', /only.v must be a list, not a text of 2 characters/)
    refusesOptions(() => array(struct('empty', {}), u32), /must take a byte or more/)
    refusesOptions(() => array(bytes(rest), u8), /must take a byte or more/)
  })
})

describe('countOf', () => {
  const twice = struct('twice', {
    count: countOf('list', u8),
    list: array(u16, field('count')),
    repeat: countOf('list', u8),
  })

  test('is no part of the value, and is written from the list, before and behind it', () => {
    assert.deepEqual(twice.decode(bytesOf('02 0001 0002 02')), { list: [1, 2] })
    assert.deepEqual(twice.encode({ list: [1, 2] }), bytesOf('02 0001 0002 02'))
  })

  test('behind the list is made sure of', () => {
    assert.throws(() => twice.decode(bytesOf('02 0001 0002 03')), { message: 'twice.repeat is 3 instead of 2' })
  })

  test('of a list that is none, or too long, is refused', () => {
    assert.throws(() => twice.encode({} as { list: number[] }), {
      message: /twice.count must be the number of items of a list/,
    })
    assert.throws(() => twice.encode({ list: new Array<number>(256).fill(0) }), { message: /from 0 to 255, not 256/ })
  })

  test('that counts nothing, or what does not look at it, is refused', () => {
    refusesOptions(() => struct('s', { count: countOf('list', u8) }), /count is of list, which is no field/)
    refusesOptions(() => struct('s', { count: countOf('list', u8), list: array(u8, rest) }), /size field\('count'\)/)
  })
})

describe('sized', () => {
  test('lets a field see its own bytes only, all of which must be its own', () => {
    const schema = struct('s', { part: sized(u8, struct('part', { a: u8, b: bytes(rest) })), end: u8 })
    assert.deepEqual(schema.decode(bytesOf('03 01a1a2 07')), { part: { a: 1, b: bytesOf('a1a2') }, end: 7 })
    assert.deepEqual(schema.encode({ part: { a: 1, b: bytesOf('a1a2') }, end: 7 }), bytesOf('03 01a1a2 07'))
    refusesBytes(
      sized(u8, pair),
      '04 01000a ff'.replaceAll(' ', ''),
      /1 bytes are left at 4, behind the last of only.v/,
    )
    refusesBytes(sized(u8, pair), '0201000a', /takes 2 bytes at 2, of 3 that there are/)
    refusesBytes(sized(u8, pair), '0401000a', /only.v takes 4 bytes at 1, of 4/)
    refusesBytes(sized(u8, array(u16, rest)), '03000100', /only.v\[1\] takes 2 bytes at 3, of 4/)
  })

  test('of a fixed number of bytes must fill them', () => {
    bothWays(sized(3, pair), '01000a', { id: 1, value: 10 })
    refusesValue(sized(4, pair), { id: 1, value: 10 }, /only.v.length is 3 instead of 4/)
  })

  test('a length that the number in front cannot say is refused', () => {
    refusesValue(
      sized(u8, bytes(rest)),
      Buffer.alloc(256),
      /only.v.length must be a whole number from 0 to 255, not 256/,
    )
    bothWays(sized(u16, bytes(rest)), `0100${'00'.repeat(256)}`, Buffer.alloc(256))
  })
})

describe('an encoder', () => {
  test('makes room for what is longer than it thought', () => {
    const schema = only(array(text(u16), u16))
    const v = Array.from({ length: 200 }, (_, index) => 'x'.repeat(index))
    const encoded = schema.encode({ v })
    assert.equal(encoded.length, 2 + 200 * 2 + (199 * 200) / 2)
    assert.deepEqual(schema.decode(encoded), { v })
  })

  test('gives each frame bytes of its own', () => {
    const schema = struct('s', { a: u8, skip: padding(2, 0xee), b: u8 })
    const first = schema.encode({ a: 1, b: 2 })
    schema.encode({ a: 3, b: 4 })
    assert.deepEqual(first, bytesOf('01eeee02'))
  })
})
