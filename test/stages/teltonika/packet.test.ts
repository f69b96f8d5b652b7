import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countFrame, loginFrame, openPacket, sealPacket } from '../../../src/stages/teltonika/packet.ts'
import { damaged } from './frames.ts'

test('a packet is four zeros, the length, the data, and their CRC in four bytes', () => {
  const data = Buffer.from('123456789')
  const packet = sealPacket(data)
  assert.equal(packet.toString('hex'), `00000000 00000009 ${data.toString('hex')} 0000bb3d`.replaceAll(' ', ''))
  assert.deepEqual(openPacket(packet), { data, crc16: 0xbb3d })
})

test('any data come back, and no flipped bit of data or CRC is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, place) => {
      const packet = sealPacket(Buffer.from(bytes))
      assert.deepEqual(openPacket(packet).data, Buffer.from(bytes))
      const bit = 64 + (place % (8 * (packet.length - 8)))
      const flipped = Buffer.from(packet)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.throws(() => openPacket(flipped), { code: 'CHECKSUM_MISMATCH' })
    }),
  )
})

test('a wrong CRC is told with both numbers', () => {
  assert.throws(() => openPacket(damaged(sealPacket(Buffer.from('123456789')))), {
    message: 'CRC-16/ARC is 0xbb3d, the packet says 0x0000bb3c',
  })
})

test('a login has its length and the digits, an answer the count in four bytes', () => {
  assert.equal(loginFrame('123').toString('hex'), '0003313233')
  assert.equal(countFrame(258).toString('hex'), '00000102')
})
