import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import { isWord, packFailure, unpackFailure } from '../../src/gateway/worker-messages.ts'

/** As the channel between processes does. */
const travelled = (thrown: unknown): Error => unpackFailure(JSON.parse(JSON.stringify(packFailure(thrown))))

test('an error of the gateway arrives as what it was, with its code, and whether trying again can help', () => {
  const error = travelled(new GatewayError('CONFIGURATION', 'held', { retryable: true }))
  assert.ok(error instanceof GatewayError)
  assert.deepEqual([error.code, error.message, error.retryable], ['CONFIGURATION', 'held', true])
})

test('an error of the system keeps its code and port, and is no error of the gateway', () => {
  const error = travelled(Object.assign(new Error('taken'), { code: 'EADDRINUSE', port: 9000 }))
  assert.ok(!(error instanceof GatewayError))
  assert.deepEqual({ ...error }, { code: 'EADDRINUSE', port: 9000 })
  assert.equal(error.message, 'taken')
})

test('where it was thrown is told, and what is no error is told in words', () => {
  const thrown = new RangeError('mine')
  assert.equal(travelled(thrown).stack, thrown.stack)
  assert.equal(travelled('a text').message, 'a text')
})

test("what a user's program says on the same channel is no word of ours", () => {
  for (const other of [null, undefined, 'headgate', 7, {}, { cmd: 'x' }]) assert.equal(isWord(other), false)
  assert.equal(isWord({ headgate: 'listening' }), true)
})
