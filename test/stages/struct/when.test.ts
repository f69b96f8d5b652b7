import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  array,
  atLeast,
  bit,
  bits,
  constant,
  either,
  hex,
  is,
  isNot,
  mark,
  padding,
  struct,
  u8,
  u16,
  uintBits,
  unusedBits,
  when,
} from '../../../src/struct.ts'
import { seeded } from '../../../src/testing.ts'
import { bytesOf, refusesOptions } from './both-ways.ts'

describe('when', () => {
  const schema = struct('s', {
    version: u8,
    old: when(isNot('version', 2), u8),
    added: when(atLeast('version', 2), u16),
    last: u8,
  })

  test('a field is there or absent as an earlier one says, in its place', () => {
    assert.deepEqual(schema.decode(bytesOf('01 0a 0c')), { version: 1, old: 10, last: 12 })
    assert.deepEqual(schema.decode(bytesOf('02 000b 0c')), { version: 2, added: 11, last: 12 })
    assert.deepEqual(schema.decode(bytesOf('03 0a 000b 0c')), { version: 3, old: 10, added: 11, last: 12 })
    assert.deepEqual(Object.keys(schema.decode(bytesOf('03 0a 000b 0c'))), ['version', 'old', 'added', 'last'])
    assert.deepEqual(schema.encode({ version: 2, added: 11, last: 12 }), bytesOf('02 000b 0c'))
  })

  test('one that is given where it must be absent is refused, and the other way round', () => {
    assert.throws(() => schema.encode({ version: 2, old: 1, added: 11, last: 12 }), {
      message: /s.old must be absent, not 1/,
    })
    assert.throws(() => schema.encode({ version: 2, last: 12 }), { message: /s.added must be a whole number/ })
  })

  test('one that is made up is there where it must be', () => {
    const random = seeded(1)
    const head = bits({ version: uintBits(2), unused: unusedBits(6) })
    const made = struct('s', {
      head,
      old: when(isNot('head.version', 2), u8),
      added: when(atLeast('head.version', 2), u16),
    })
    for (let count = 0; count < 50; count++) {
      const value = made.sample(random)
      assert.equal('old' in value, value.head.version !== 2)
      assert.equal('added' in value, value.head.version >= 2)
    }
  })

  test('it may look into a struct before it, and out of the one that it is in', () => {
    const outer = struct('outer', {
      flags: bits({ long: bit, unused: unusedBits(7) }),
      items: array(struct('item', { id: u8, more: when(is('flags.long', true), u8) }), u8),
    })
    assert.deepEqual(outer.decode(bytesOf('80 02 0109 0208')), {
      flags: { long: true },
      items: [
        { id: 1, more: 9 },
        { id: 2, more: 8 },
      ],
    })
    assert.deepEqual(outer.encode({ flags: { long: false }, items: [{ id: 1 }, { id: 2 }] }), bytesOf('00 02 01 02'))
  })

  test('it may hold a whole struct, or what is no part of the value', () => {
    const own = struct('own', {
      version: u8,
      part: when(is('version', 2), struct('part', { total: u8, index: u8 })),
      reserved: when(is('version', 2), constant(u8, 7)),
    })
    assert.deepEqual(own.decode(bytesOf('02 0501 07')), { version: 2, part: { total: 5, index: 1 } })
    assert.deepEqual(own.decode(bytesOf('01')), { version: 1 })
    assert.deepEqual(own.encode({ version: 2, part: { total: 5, index: 1 } }), bytesOf('02 0501 07'))
  })

  test('what looks at a field that is not before it is refused when it is first used', () => {
    const later = struct('later', { a: when(is('b', 1), u8), b: u8 })
    refusesOptions(() => later.decode(bytesOf('0101')), /later.a depends on b, which is no field before it/)
  })
})

describe('either', () => {
  test('one field or another stands in the same place', () => {
    const schema = struct('s', { long: u8, id: either(is('long', 1), hex(3), hex(2)), end: u8 })
    assert.deepEqual(schema.decode(bytesOf('01 a1a2a3 09')), { long: 1, id: 'a1a2a3', end: 9 })
    assert.deepEqual(schema.decode(bytesOf('00 a1a2 09')), { long: 0, id: 'a1a2', end: 9 })
    assert.deepEqual(schema.encode({ long: 0, id: 'a1a2', end: 9 }), bytesOf('00 a1a2 09'))
    assert.throws(() => schema.encode({ long: 1, id: 'a1a2', end: 9 }), {
      message: /s.id must be 6 hexadecimal digits/,
    })
  })

  test('both must have a value', () => {
    refusesOptions(() => either(is('a', 1), u8, padding(1) as never), /two fields that have a value/)
  })
})

describe('what is no part of the value', () => {
  test('a constant or a mark that is another is refused with both', () => {
    const schema = struct('s', { start: mark(bytesOf('7878')), version: constant(u16, 2), a: u8 })
    assert.deepEqual(schema.decode(bytesOf('7878 0002 01')), { a: 1 })
    assert.deepEqual(schema.encode({ a: 1 }), bytesOf('7878 0002 01'))
    assert.throws(() => schema.decode(bytesOf('7879 0002 01')), { message: 's.start is 7879 instead of 7878' })
    assert.throws(() => schema.decode(bytesOf('7878 0003 01')), { message: 's.version is 3 instead of 2' })
  })

  test('padding is not looked at, and filled with its byte', () => {
    const schema = struct('s', { skip: padding(2, 0xff), a: u8 })
    assert.deepEqual(schema.decode(bytesOf('0102 03')), { a: 3 })
    assert.deepEqual(schema.encode({ a: 3 }), bytesOf('ffff 03'))
  })

  test('that cannot be is refused', () => {
    refusesOptions(() => constant(u8, 256), /a constant of u8 must be from 0 to 255, not 256/)
    refusesOptions(() => mark(''), /a mark must not be empty/)
    refusesOptions(() => padding(0), /at least 1 byte, not 0/)
    refusesOptions(() => padding(1, 256), /filled with a byte, not 256/)
  })
})
