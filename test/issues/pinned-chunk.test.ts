import assert from 'node:assert/strict'
import { test } from 'node:test'
import { telemetry } from '../../src/core/items.ts'

test('a reading that is a small part of a large read does not keep all of that in memory', () => {
  const read = Buffer.alloc(65_536, 7)
  const { body } = telemetry(read.subarray(1000, 1004))
  assert.deepEqual(body, Buffer.alloc(4, 7))
  assert.notEqual(body.buffer, read.buffer)
  // What is most of it is not copied, nor what lies in memory that is shared anyway.
  const most = read.subarray(0, 60_000)
  assert.equal(telemetry(most).body, most)
  const pooled = Buffer.from('{"t":20.5}')
  assert.equal(telemetry(pooled).body, pooled)
})
