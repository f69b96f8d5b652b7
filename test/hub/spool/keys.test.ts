import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deviceRange, messageKey, parseMessageKey } from '../../../src/hub/spool/keys.ts'

const deviceId = fc.string({ unit: 'grapheme', maxLength: 130 })
const sequence = fc.maxSafeNat().map((value) => value % 2 ** 48)

test('a key says its device and its sequence', () => {
  fc.assert(
    fc.property(deviceId, sequence, (deviceId, sequence) => {
      assert.deepEqual(parseMessageKey(messageKey(deviceId, sequence)), { deviceId, sequence })
    }),
  )
})

test("a device's keys lie in the order of their sequences, and no other device's key lies among them", () => {
  fc.assert(
    fc.property(deviceId, deviceId, sequence, sequence, (one, other, first, second) => {
      const order = Buffer.compare(messageKey(one, first), messageKey(one, second))
      assert.equal(order, Math.sign(first - second))
      const { gte, lte } = deviceRange(one, 0, 2 ** 48 - 1)
      const key = messageKey(other, first)
      assert.equal(Buffer.compare(gte, key) <= 0 && Buffer.compare(key, lte) <= 0, one === other)
    }),
  )
})

test('bytes that are no key are none', () => {
  for (const bytes of [[], [0x6d], [0x6d, 0, 1], [0x6d, 0, 0, 1, 2, 3, 4, 5], [0x6d, 0, 2, 65, 1, 2, 3, 4, 5, 6]]) {
    assert.equal(parseMessageKey(Buffer.from(bytes)), undefined)
  }
})
