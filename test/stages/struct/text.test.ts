import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bcd, bcdNumber, bytes, field, hex, rest, struct, text, u8, u16 } from '../../../src/struct.ts'
import { bothWays, bytesOf, only, refusesBytes, refusesOptions, refusesValue } from './both-ways.ts'

describe('text', () => {
  test('has a fixed size, a length in front, or goes to the end', () => {
    bothWays(text(3), '616263', 'abc')
    bothWays(text(u8), '03616263', 'abc')
    bothWays(text(u16), '0000', '')
    bothWays(text(rest), '616263', 'abc')
    bothWays(text(0), '', '')
  })

  test('is padded where it is shorter than its fixed size', () => {
    bothWays(text(5, { pad: 0 }), '6162000000', 'ab')
    bothWays(text(3, { pad: 0x20 }), '202020', '')
    bothWays(text(3, { pad: 0x20 }), '206120', ' a')
    refusesValue(text(3, { pad: 0x20 }), 'a ', /a text that does not end in its padding/)
    refusesValue(text(3, { pad: 0 }), 'abcd', /only.v.length must be a whole number from 0 to 3, not 4/)
  })

  test('is of many encodings: UTF-8, UTF-16, GBK, Latin-1', () => {
    bothWays(text(rest, { encoding: 'utf8' }), 'c3a9e282ac', 'é€')
    bothWays(text(u8, { encoding: 'utf-16be' }), '046d4b8bd5', '测试')
    bothWays(text(rest, { encoding: 'utf-16le' }), '4b6dd58b', '测试')
    bothWays(text(rest, { encoding: 'gbk' }), 'd4c1413132333435', '粤A12345')
    bothWays(text(rest, { encoding: 'latin1' }), 'e9', 'é')
  })

  test('bytes that are no text in its encoding are refused', () => {
    refusesBytes(text(rest), '61ff', /only.v is not ASCII/)
    refusesBytes(text(rest, { encoding: 'utf8' }), '61ff', /only.v is not UTF-8/)
    refusesBytes(text(rest, { encoding: 'gbk' }), '61ff', /only.v is not gbk/)
    refusesBytes(text(rest, { encoding: 'utf-16be' }), '61', /only.v is not utf-16be/)
  })

  test('characters that its encoding does not have are refused', () => {
    refusesValue(text(rest), 'é', /only.v is not ASCII/)
    refusesValue(text(rest), '€', /only.v is not ASCII/)
    refusesValue(text(rest, { encoding: 'gbk' }), '🙂', /only.v has characters that gbk does not have/)
    refusesValue(text(rest, { encoding: 'utf8' }), '\ud800', /only.v has half of a character/)
    refusesValue(text(rest), 7, /only.v must be a text, not 7/)
  })

  test('a length that is wrong, or that the number in front cannot say, is refused', () => {
    refusesBytes(text(u8), '0461', /only.v takes 4 bytes at 1, of 2 that there are/)
    refusesValue(text(3), 'ab', /only.v.length is 2 instead of 3/)
    refusesValue(text(u8), 'a'.repeat(256), /only.v.length must be a whole number from 0 to 255, not 256/)
  })

  test('a text is not quoted in an error', () => {
    assert.throws(
      () => only(u8).encode({ v: 'x'.repeat(100) as unknown as number }),
      (thrown: Error) => {
        assert.doesNotMatch(thrown.message, /xx/)
        return true
      },
    )
  })

  test('options that cannot be are refused', () => {
    refusesOptions(() => text(3, { encoding: 'klingon' }), /no encoding klingon/)
    refusesOptions(() => text(u8, { pad: 0 }), /padded where its size is fixed/)
    refusesOptions(() => text(3, { pad: 256 }), /pad must be a byte, not 256/)
    refusesOptions(() => text(-1), /size of text must be a whole number of at least 0, not -1/)
  })
})

describe('bytes', () => {
  test('are a view of the frame', () => {
    const frame = bytesOf('0261620a')
    const { v } = struct('s', { v: bytes(u8), end: u8 }).decode(frame)
    assert.deepEqual(v, bytesOf('6162'))
    assert.equal(v.buffer, frame.buffer)
  })

  test('have a fixed size, a length in front, one in an earlier field, or go to the end', () => {
    bothWays(bytes(2), 'a1a2', bytesOf('a1a2'))
    bothWays(bytes(rest), '', Buffer.alloc(0))
    const schema = struct('s', { size: u8, more: u8, v: bytes(field('size')) })
    assert.deepEqual(schema.decode(bytesOf('02 09 a1a2')), { size: 2, more: 9, v: bytesOf('a1a2') })
    assert.deepEqual(schema.encode({ size: 2, more: 9, v: bytesOf('a1a2') }), bytesOf('02 09 a1a2'))
    assert.throws(() => schema.encode({ size: 3, more: 9, v: bytesOf('a1a2') }), { message: 'size is 3 instead of 2' })
  })

  test('to the end leave out fields of a fixed size behind them', () => {
    const schema = struct('s', { v: bytes(rest), a: u8, b: u16 })
    assert.deepEqual(schema.decode(bytesOf('a1a2 01 0002')), { v: bytesOf('a1a2'), a: 1, b: 2 })
    assert.deepEqual(schema.decode(bytesOf('01 0002')), { v: Buffer.alloc(0), a: 1, b: 2 })
    assert.throws(() => schema.decode(bytesOf('0002')), { message: /takes 3 bytes at 0, of 2/ })
  })

  test('that are none are refused', () => {
    refusesValue(bytes(rest), 'ab', /only.v must be bytes, not a text of 2 characters/)
  })

  test('as hexadecimal digits', () => {
    bothWays(hex(3), 'a1b2c3', 'a1b2c3')
    for (const value of ['a1', 'zz0000', 'a1b2c3d4', 7]) refusesValue(hex(3), value, /6 hexadecimal digits/)
  })
})

describe('BCD', () => {
  test('what the doc comment draws is what happens', () => {
    bothWays(bcd(15), '0123456789012345', '123456789012345')
    bothWays(bcd(4), '0042', '0042')
    bothWays(bcdNumber(2), '1234', 1234)
    bothWays(bcdNumber(2), '0007', 7)
  })

  test('digits that are none, or too many, are refused', () => {
    refusesBytes(bcd(4), '0a42', /only.v has digits that are not decimal/)
    refusesBytes(bcd(3), '1042', /only.v has more than 3 digits/)
    refusesBytes(bcdNumber(1), 'f0', /not decimal/)
    for (const value of ['12', '12345', '12a4', 1234]) refusesValue(bcd(4), value, /only.v must be 4 decimal digits/)
    refusesValue(bcdNumber(1), 100, /from 0 to 99, not 100/)
    refusesOptions(() => bcd(0), /at least 1 digit, not 0/)
    refusesOptions(() => bcdNumber(8), /1 to 7 bytes, not 8/)
  })
})
