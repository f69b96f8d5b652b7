import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { lrc, sum, xor } from '../../src/stages/check.ts'

const any = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))
const whole = (bytes: Buffer) => [bytes, 0, bytes.length] as const

describe('plain checks', () => {
  test('the XOR of any bytes with their XOR behind them is 0', () => {
    fc.assert(
      fc.property(any, (bytes) => {
        const check = xor('XOR').compute(...whole(bytes))
        assert.equal(xor('XOR').compute(...whole(Buffer.concat([bytes, Buffer.of(check)]))), 0)
      }),
    )
  })

  test('sums are those of all bytes, modulo what fits', () => {
    fc.assert(
      fc.property(any, (bytes) => {
        const all = bytes.reduce((total, byte) => total + byte, 0)
        assert.equal(sum(8).compute(...whole(bytes)), all % 256)
        assert.equal(sum(16).compute(...whole(bytes)), all % 65_536)
      }),
    )
    assert.equal(sum(16).compute(...whole(Buffer.alloc(258, 0xff))), (258 * 255) % 65_536)
    assert.equal(sum(16).compute(...whole(Buffer.alloc(1 << 22, 0xff))), ((1 << 22) * 255) % 65_536)
  })

  test('the sum of any bytes with their LRC behind them is 0, and the LRC of none too', () => {
    fc.assert(
      fc.property(any, (bytes) => {
        const check = lrc.compute(...whole(bytes))
        assert.equal(sum(8).compute(...whole(Buffer.concat([bytes, Buffer.of(check)]))), 0)
      }),
    )
    assert.ok(Object.is(lrc.compute(Buffer.alloc(0), 0, 0), 0))
  })

  test('only the bytes from the first index up to the second count', () => {
    const bytes = Buffer.of(0xff, 1, 2, 0xff)
    assert.deepEqual(
      [xor('XOR'), sum(8), sum(16), lrc].map((each) => each.compute(bytes, 1, 3)),
      [3, 3, 3, 0xfd],
    )
  })
})
