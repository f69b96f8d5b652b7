import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, errorTable, GatewayError } from '../../../src/core/errors.ts'
import { reasonOf } from '../../../src/stages/hl7/reason.ts'

test('words of other stages are never said to a sender, whatever the error', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    for (const stage of ['hub.up', 'authenticate.up', 'enrich.up', undefined]) {
      const reason = reasonOf(new GatewayError(code, 'zebra', stage === undefined ? {} : { stage }))
      assert.doesNotMatch(reason, /zebra/)
      assert.ok(reason.length <= 80 && reason.includes(code), reason)
    }
  }
})

test('the codec says its own words, and the batcher how large a message was', () => {
  assert.equal(reasonOf(new GatewayError('BAD_CONTENT', 'MSH-10 is empty', { stage: 'hl7.up' })), 'MSH-10 is empty')
  assert.equal(reasonOf(new GatewayError('MESSAGE_TOO_LARGE', '9 bytes', { stage: 'batch.up' })), '9 bytes')
  assert.equal(reasonOf(new GatewayError('BUG', 'zebra', { stage: 'batch.up' })), 'refused (BUG)')
})
