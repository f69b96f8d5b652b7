import assert from 'node:assert/strict'
import { GatewayError } from '../../src/core/errors.ts'

/** What a call throws, which must be a GatewayError. */
export function thrownBy(call: () => unknown): GatewayError {
  try {
    call()
  } catch (thrown) {
    assert.ok(thrown instanceof GatewayError, `${thrown}`)
    return thrown
  }
  assert.fail('nothing was thrown')
}

/** Bytes given as hex digits, with spaces where they help. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex')
}
