import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from '../../../src/hub/spool/crc32c.ts'

/** Bit by bit, as the polynomial says. */
function reference(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

test('the check value of CRC-32C, and the vectors of RFC 3720', () => {
  const of = (bytes: Buffer) => crc32c(bytes, 0, bytes.length)
  assert.equal(of(Buffer.from('123456789')), 0xe3069283)
  assert.equal(of(Buffer.alloc(32)), 0x8a9136aa)
  assert.equal(of(Buffer.alloc(32, 255)), 0x62a8ab43)
  assert.equal(of(Buffer.from(Array.from({ length: 32 }, (_, at) => at))), 0x46dd794e)
})

test('any part of any bytes has the CRC that the polynomial gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (array, one, other) => {
      const bytes = Buffer.from(array)
      const [from, to] = [one, other].map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b) as [number, number]
      assert.equal(crc32c(bytes, from, to), reference(bytes.subarray(from, to)))
    }),
  )
})
