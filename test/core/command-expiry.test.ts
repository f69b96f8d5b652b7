import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNotExpired, isExpired, isGivenUp, isOver, lastAllowedAt } from '../../src/core/command-expiry.ts'
import { command } from '../../src/core/items.ts'

test('a command is expired from the very moment on at which it must not be written', () => {
  const open = command('c1', Buffer.of(), { writeBefore: 1000 })
  assert.deepEqual(
    [999, 1000, 1001].map((now) => isExpired(open, now)),
    [false, true, true],
  )
})

test('when it was last said that it may be written is known, whatever is said after its time', () => {
  const open = command('c1', Buffer.of(), { writeBefore: 1000 })
  assert.equal(lastAllowedAt(open), Number.POSITIVE_INFINITY)
  for (const now of [10, 999, 1000, 2000]) isExpired(open, now)
  assert.equal(lastAllowedAt(open), 999)
})

test('a command without a time never expires', () => {
  assert.equal(isExpired(command('c1', Buffer.of()), Number.MAX_SAFE_INTEGER), false)
})

test('a command is given up from the very moment on before which it was to be answered', () => {
  const given = Object.assign(command('c1', Buffer.of()), { answerBefore: 1000 })
  assert.deepEqual([isGivenUp(given, 999), isGivenUp(given, 1000)], [false, true])
})

test('one that is expired is refused for now, so that it is abandoned', () => {
  assert.throws(() => assertNotExpired(command('c1', Buffer.of(), { writeBefore: Date.now() - 1 })), {
    code: 'COMMAND_EXPIRED',
    retryable: true,
  })
  assertNotExpired(command('c2', Buffer.of(), { writeBefore: Date.now() + 60_000 }))
})

test('one that is expired is refused where it was held, unless the endpoint has given it up', () => {
  const now = Date.now()
  const open = Object.assign(command('open', Buffer.of(), { writeBefore: now + 60_000 }), { answerBefore: now - 1 })
  const held = Object.assign(command('held', Buffer.of(), { writeBefore: now - 1 }), { answerBefore: now + 60_000 })
  const givenUp = Object.assign(command('given up', Buffer.of(), { writeBefore: now - 1 }), { answerBefore: now - 1 })
  const refused: unknown[] = []
  const over = [open, held, givenUp].map((each) => isOver(each, ({ code }, { id }) => refused.push(code, id)))
  assert.deepEqual(over, [false, true, true])
  assert.deepEqual(refused, ['COMMAND_EXPIRED', 'held'])
})
