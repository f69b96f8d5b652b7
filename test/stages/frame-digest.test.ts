import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frameDigest } from '../../src/stages/frame-digest.ts'

test('the digest of a frame that is sent again is the same, that of another frame is another', () => {
  const bytes = fc.uint8Array({ maxLength: 100 })
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      assert.match(frameDigest(one), /^[\da-f]{12}$/)
      assert.equal(frameDigest(one) === frameDigest(other), Buffer.compare(one, other) === 0)
    }),
  )
})
