import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, errorTable, GatewayError } from '../../src/core/errors.ts'
import { command, failedReceipt, hello, receipt, report, telemetry } from '../../src/core/items.ts'

test('a hello carries a key, a token, or nothing', () => {
  const withKey = hello({ deviceId: 'd1', key: 'k' }, 3)
  assert.equal(withKey.tag, 3)
  assert.equal(withKey.credentials?.type === 'key' && withKey.credentials.key.reveal(), 'k')
  const withSas = hello({ deviceId: 'd1', sas: 's' })
  assert.equal(withSas.credentials?.type === 'sas' && withSas.credentials.sas.reveal(), 's')
  assert.equal(hello({ deviceId: 'd1' }).credentials, undefined)
})

test('telemetry has all its fields whatever it was made from, and none is shared by accident', () => {
  const bare = telemetry(Buffer.from('x'))
  const full = telemetry(Buffer.from('x'), { properties: { a: 'b' }, tag: 0, messageId: 'm', value: 1 })
  assert.deepEqual(Object.keys(bare), Object.keys(full), 'one hidden class')
  assert.deepEqual(bare.properties, {})
  assert.equal(full.tag, 0)
  assert.equal(bare.refused, undefined)
  assert.throws(() => Object.assign(bare.properties, { leaked: 'to all' }), TypeError)
})

test('a report and a command hold what they were given', () => {
  assert.deepEqual(report({ a: 1 }, 'tag'), { kind: 'report', patch: { a: 1 }, tag: 'tag', refused: undefined })
  const made = command('id', Buffer.from('x'))
  assert.equal(made.via, 'c2d')
  assert.equal(made.deliveryCount, 0)
  assert.equal(command('id', Buffer.from('x'), { via: 'method', name: 'reboot' }).name, 'reboot')
})

test('the receipt of a failure abandons what can be tried again and rejects the rest, for every code', () => {
  const item = telemetry(Buffer.from('x'))
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const error = new GatewayError(code, 'x')
    const failed = failedReceipt(item, error)
    assert.equal(failed.outcome, errorTable[code].retryable ? 'abandon' : 'reject', code)
    assert.equal(failed.of, item)
    assert.equal(failed.error, error)
  }
})

test('a receipt holds what it answers', () => {
  const of = command('id', Buffer.from(''), { via: 'method' })
  const response = { status: 200, body: { ok: true } }
  assert.deepEqual(receipt(of, 'complete', undefined, response), {
    kind: 'receipt',
    of,
    outcome: 'complete',
    error: undefined,
    response,
  })
})
