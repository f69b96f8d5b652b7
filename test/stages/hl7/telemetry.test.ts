import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Hl7Header, readHeader } from '../../../src/stages/hl7/header.ts'
import { decodeMessage } from '../../../src/stages/hl7/message.ts'
import { messageTelemetry } from '../../../src/stages/hl7/telemetry.ts'
import { message, pulse } from './messages.ts'

test('stages further in see the decoded message, whatever the body is', () => {
  const block = message({}, pulse)
  const decoded = decodeMessage(block, readHeader(block.toString()) as Hl7Header, 'UNICODE UTF-8')
  for (const body of ['json', 'hl7'] as const) {
    const { value, tag } = messageTelemetry(decoded, { block, tag: 7, options: { body } })
    assert.deepEqual([value, tag], [decoded, 7])
  }
})
