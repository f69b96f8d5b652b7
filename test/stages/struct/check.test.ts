import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { array, bytes, check, rest, sized, struct, u8, u16, u16le, u32 } from '../../../src/struct.ts'
import { bytesOf, refusesOptions } from './both-ways.ts'

describe('check', () => {
  const request = struct('request', { unit: u8, body: bytes(rest), crc: check('CRC-16/MODBUS', u16le) })

  test('covers all before it, is no part of the value, and is written from it', () => {
    const frame = bytesOf('01 0400000002 71cb')
    assert.deepEqual(request.decode(frame), { unit: 1, body: bytesOf('0400000002') })
    assert.deepEqual(request.encode({ unit: 1, body: bytesOf('0400000002') }), frame)
  })

  test('that does not hold is refused with both values', () => {
    assert.throws(() => request.decode(bytesOf('01 0400000002 71cc')), {
      code: 'CHECKSUM_MISMATCH',
      message: 'request.crc: CRC-16/MODBUS is 0xcb71, the frame says 0xcc71',
    })
  })

  test('one changed bit anywhere is refused', () => {
    const frame = bytesOf('01 0400000002 71cb')
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const changed = Buffer.from(frame)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.throws(() => request.decode(changed), { code: 'CHECKSUM_MISMATCH' })
    }
  })

  test('covers from a field on, wherever that begins, and may be wider than the check', () => {
    const schema = struct('s', {
      names: array(bytes(u8), u8),
      first: u8,
      more: bytes(u8),
      sum: check('sum8', u16, { from: 'first' }),
    })
    const frame = bytesOf('01 02a1a2 05 01ff 0005')
    assert.deepEqual(schema.decode(frame), { names: [bytesOf('a1a2')], first: 5, more: bytesOf('ff') })
    assert.deepEqual(schema.encode(schema.decode(frame)), frame)
  })

  test('in a struct within another covers its own', () => {
    const inner = struct('inner', { a: u8, b: u8, x: check('XOR', u8) })
    const outer = struct('outer', { head: u8, parts: array(inner, 2), x: check('XOR', u8) })
    const frame = bytesOf('ff 010203 040501 ff')
    const value = outer.decode(frame)
    assert.deepEqual(value, {
      head: 0xff,
      parts: [
        { a: 1, b: 2 },
        { a: 4, b: 5 },
      ],
    })
    assert.deepEqual(outer.encode(value), frame)
  })

  test('of your own', () => {
    const length = { name: 'length', size: 1, compute: (_: Buffer, from: number, to: number) => (to - from) & 255 }
    const schema = struct('s', { part: sized(u8, bytes(rest)), length: check(length, u8) })
    assert.deepEqual(schema.encode({ part: bytesOf('a1a2') }), bytesOf('02 a1a2 03'))
    assert.throws(() => schema.decode(bytesOf('02 a1a2 04')), {
      message: /s.length: length is 0x03, the frame says 0x04/,
    })
  })

  test('that cannot be is refused', () => {
    refusesOptions(
      () => struct('s', { a: u8, x: check('XOR', u8, { from: 'b' }) }),
      /covers from b on, which is no field before it/,
    )
    refusesOptions(() => struct('s', { x: check('XOR', u8, { from: 'a' }), a: u8 }), /no field before it/)
    refusesOptions(() => check('CRC-32', u16), /CRC-32 takes 4 bytes, not 2/)
    refusesOptions(() => check('CRC-7' as 'XOR', u8), /must be one of/)
    assert.equal(struct('s', { a: u32, x: check('CRC-32', u32) }).fixedSize, 8)
  })
})
