import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { type ErrorCode, errorTable, GatewayError } from '../../src/core/errors.ts'
import { defaultPolicy } from '../../src/core/policy.ts'

test('the default policy is the table of codes', () => {
  const connection = new Connection({ id: '1', pipeline: 'plant' })
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    assert.equal(defaultPolicy(new GatewayError(code, 'x'), connection), errorTable[code].verdict)
  }
})
