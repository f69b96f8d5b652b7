import assert from 'node:assert/strict'
import { test } from 'node:test'
import { telemetry } from '../../src/core/items.ts'
import { billableBlocks, maxSendBytes, messageBytes } from '../../src/core/message-size.ts'

test('a message counts its body and a fixed overhead', () => {
  assert.equal(messageBytes(telemetry(Buffer.alloc(0))), 384)
  assert.equal(messageBytes(telemetry(Buffer.alloc(100))), 484)
})

test('a property counts name and value in bytes of UTF-8 and its own overhead', () => {
  const properties = { site: 'turin', é: '°C' }
  assert.equal(messageBytes(telemetry(Buffer.alloc(0), { properties })), 384 + (4 + 5 + 16) + (2 + 3 + 16))
})

test('the hub takes a kilobyte less than 256 KB', () => {
  assert.equal(maxSendBytes, 261_119)
})

test('quota is spent in blocks of 4 KB, at least one, the fixed overhead not counted', () => {
  const blocks = (length: number) => billableBlocks(telemetry(Buffer.alloc(length)))
  assert.deepEqual([0, 1, 4096, 4097, 8192, 8193].map(blocks), [1, 1, 1, 2, 2, 3])
})
