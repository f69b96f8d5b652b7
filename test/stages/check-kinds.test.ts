import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CheckKind, checkOf } from '../../src/stages/check-kinds.ts'

/** Of the CRCs: the column "check" of the reveng catalogue. The others are counted by hand. */
const checkValues: Readonly<Record<CheckKind, [bytes: number, value: number]>> = {
  'CRC-8': [1, 0xf4],
  'CRC-16/ARC': [2, 0xbb3d],
  'CRC-16/MODBUS': [2, 0x4b37],
  'CRC-16/X-25': [2, 0x906e],
  'CRC-16/CCITT-FALSE': [2, 0x29b1],
  'CRC-16/XMODEM': [2, 0x31c3],
  'CRC-16/KERMIT': [2, 0x2189],
  'CRC-16/DNP': [2, 0xea82],
  'CRC-32': [4, 0xcbf43926],
  'CRC-32C': [4, 0xe3069283],
  XOR: [1, 0x31],
  sum8: [1, 0xdd],
  sum16: [2, 0x01dd],
  LRC: [1, 0x23],
  NMEA: [1, 0x31],
}

describe('checkOf', () => {
  test('every kind has its check value, the check of "123456789", and says its name and how many bytes it takes', () => {
    const bytes = Buffer.from('x123456789y')
    for (const [kind, [size, value]] of Object.entries(checkValues)) {
      const check = checkOf(kind as CheckKind)
      assert.deepEqual([check.name, check.size, check.compute(bytes, 1, 10)], [kind, size, value])
    }
  })

  test('another name is refused with those that there are', () => {
    for (const kind of ['CRC-16', 'toString', '']) {
      assert.throws(() => checkOf(kind as CheckKind), {
        code: 'CONFIGURATION',
        message: `checksum: kind must be one of ${Object.keys(checkValues).join(', ')}, not ${kind}`,
      })
    }
  })
})
