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

test('a block is full by bytes: of ids and types what they take in UTF-8, of properties names and values', () => {
  const all = (text: string) => ({
    messageId: text,
    correlationId: text,
    contentType: text,
    contentEncoding: text,
    creationTimeUtc: text,
    properties: { [text]: text },
  })
  for (const [text, bytes] of [
    ['ab', 2],
    ['é', 2],
    ['€', 3],
    ['😀', 4],
  ] as const) {
    const blocks = (length: number) => billableBlocks(telemetry(Buffer.alloc(length), all(text)), 100)
    assert.deepEqual([blocks(100 - 7 * bytes), blocks(101 - 7 * bytes)], [1, 2], text)
  }
})
