import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, errorTable, GatewayError } from '../../src/core/errors.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

test('every code has a verdict and says whether trying again can help', () => {
  for (const code of codes) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/, 'a code is a metric label and a word on the wire')
    assert.ok(['drop', 'dead-letter', 'close'].includes(errorTable[code].verdict), code)
    assert.equal(typeof errorTable[code].retryable, 'boolean', code)
  }
})

test('published codes are all still there, under the same name', () => {
  const published =
    'FRAME_TOO_LONG FRAME_CORRUPT FRAME_UNTERMINATED BAD_CONTENT NOT_IDENTIFIED UNAUTHORIZED DEVICE_NOT_FOUND ' +
    'IDENTITY_CHANGED MESSAGE_TOO_LARGE HUB_REJECTED HUB_THROTTLED HUB_QUOTA_EXCEEDED HUB_UNAVAILABLE HUB_TIMEOUT ' +
    'HUB_SESSION_CLOSED LOCK_LOST NOT_SUPPORTED UNKNOWN_COMMAND COMMAND_TIMEOUT DEVICE_GONE HELLO_TIMEOUT IDLE_TIMEOUT ' +
    'STALLED CONNECTION_LIMIT CONFIGURATION BUG'
  for (const code of published.split(' ')) assert.ok(code in errorTable, code)
})

test('what may succeed later is never dead-lettered: it is abandoned, and the device sends it again', () => {
  for (const code of codes) {
    if (errorTable[code].retryable) assert.notEqual(errorTable[code].verdict, 'dead-letter', code)
  }
})

test('lost framing, refused credentials and bugs close the connection', () => {
  for (const code of ['FRAME_TOO_LONG', 'FRAME_CORRUPT', 'UNAUTHORIZED', 'DEVICE_NOT_FOUND', 'BUG'] as const) {
    assert.equal(errorTable[code].verdict, 'close', code)
  }
})

test('an error takes retryable from the table and keeps its options', () => {
  for (const code of codes) assert.equal(new GatewayError(code, 'x').retryable, errorTable[code].retryable, code)
  const cause = new Error('socket hang up')
  const error = new GatewayError('HUB_THROTTLED', 'later', { cause, stage: 'hub.up', retryAfterMs: 1500 })
  assert.equal(error.cause, cause)
  assert.equal(error.stage, 'hub.up')
  assert.equal(error.retryAfterMs, 1500)
  assert.equal(error.name, 'GatewayError')
})

test('an error without a cause has no own property of that name', () => {
  assert.equal(Object.hasOwn(new GatewayError('BUG', 'x'), 'cause'), false)
})

test('from() gives a GatewayError back as it is, with the stage where it had none', () => {
  const bare = new GatewayError('BAD_CONTENT', 'x')
  assert.equal(GatewayError.from(bare, 'json.up'), bare)
  assert.equal(bare.stage, 'json.up')
  GatewayError.from(bare, 'lines.up')
  assert.equal(bare.stage, 'json.up', 'the first to catch it is at fault, not those it passed later')
})

test('from() makes anything else a BUG with the original as its cause', () => {
  const original = new TypeError('x is undefined')
  const wrapped = GatewayError.from(original, 'json.up')
  assert.equal(wrapped.code, 'BUG')
  assert.equal(wrapped.cause, original)
  assert.equal(wrapped.message, 'x is undefined')
  assert.equal(wrapped.stage, 'json.up')
  for (const thrown of ['text', 42, null, { code: 'X' }]) {
    assert.equal(GatewayError.from(thrown).code, 'BUG')
    assert.equal(GatewayError.from(thrown).message, String(thrown))
  }
})
