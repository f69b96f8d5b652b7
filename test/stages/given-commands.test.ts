import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Command } from '../../src/core/items.ts'
import { command } from '../../src/core/items.ts'
import { GivenCommands } from '../../src/stages/given-commands.ts'

const timeoutMs = 50_000

/** A command as the endpoint gives it: to be answered within 50 s from now on. */
function given(id: string): Command {
  const made = command(id, Buffer.alloc(0))
  made.answerBefore = Date.now() + timeoutMs
  return made
}

function clocked(t: TestContext) {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const ledger = new GivenCommands()
  return {
    ledger,
    write(...ids: readonly string[]) {
      for (const id of ids) ledger.add(given(id))
    },
    later: (ms: number) => t.mock.timers.tick(ms),
    /** To which command an answer without a name is, with ! where nobody waits for it. */
    heard() {
      const answered = ledger.takeOldest()
      return answered && `${answered.command.id}${answered.isAwaited ? '' : '!'}`
    },
  }
}

describe('answers with a name', () => {
  test('are to the command of that name, once', () => {
    const ledger = new GivenCommands()
    ledger.add(given('a'), '7')
    ledger.add(given('b'))
    assert.equal(ledger.has('7'), true)
    assert.equal(ledger.take('a'), undefined)
    assert.equal(ledger.take('7')?.id, 'a')
    assert.equal(ledger.take('7'), undefined)
    assert.equal(ledger.has('7'), false)
    assert.equal(ledger.take('b')?.id, 'b')
  })

  test('of two commands under one name are to the older first', () => {
    const ledger = new GivenCommands()
    for (const id of ['a', 'b', 'a']) ledger.add(given(id), '1')
    assert.deepEqual([ledger.take('1')?.id, ledger.take('1')?.id, ledger.take('1')], ['b', 'a', undefined])
  })

  test('of a command that was written again are to its new name alone', () => {
    const ledger = new GivenCommands()
    ledger.add(given('a'), '1')
    ledger.add({ ...given('a'), deliveryCount: 1 }, '2')
    assert.deepEqual(ledger.names, ['2'])
    assert.equal(ledger.take('1'), undefined)
    assert.equal(ledger.take('2')?.deliveryCount, 1)
    assert.equal(ledger.takeOldest(), undefined, 'a device that names commands owes no other answer')
  })

  test('come as late as the answer of a command that was given up is owed, no later', (t) => {
    const { ledger, write, later } = clocked(t)
    write('a', 'b')
    later(2 * timeoutMs - 1)
    assert.equal(ledger.take('a')?.id, 'a')
    later(1)
    write('c')
    assert.equal(ledger.take('b'), undefined)
  })
})

describe('answers without a name', () => {
  test('are to the oldest command that was not answered', (t) => {
    const { heard, write } = clocked(t)
    write('a', 'b')
    assert.deepEqual([heard(), heard(), heard()], ['a', 'b', undefined])
  })

  test('of one kind are to no command of another', () => {
    const ledger = new GivenCommands()
    ledger.add(given('a'), '1', 'x')
    ledger.add(given('b'), '2', 'y')
    assert.equal(ledger.takeOldest('y')?.command.id, 'b')
    assert.equal(ledger.takeOldest('y'), undefined)
    assert.equal(ledger.takeOldest(), undefined)
    assert.equal(ledger.takeOldest('x')?.command.id, 'a')
  })

  test('are taken for a command that was given up for as long again as it had', (t) => {
    const { heard, later, write } = clocked(t)
    write('a')
    later(timeoutMs)
    write('b')
    later(timeoutMs - 1)
    assert.deepEqual([heard(), heard(), heard()], ['a!', 'b', undefined])
  })

  test('are not put off by one that was given up longer ago', (t) => {
    const { heard, later, write } = clocked(t)
    write('a')
    later(2 * timeoutMs)
    write('b')
    assert.equal(heard(), 'b')
  })

  test('are each taken for one of several that were given up', (t) => {
    const { heard, later, write } = clocked(t)
    write('a', 'b')
    later(timeoutMs)
    write('c')
    assert.deepEqual([heard(), heard(), heard()], ['a!', 'b!', 'c'])
  })

  test('to a command that was written twice settle it once, and the other one no other command', (t) => {
    const { heard, later, write } = clocked(t)
    write('a')
    later(timeoutMs)
    write('a', 'b')
    assert.deepEqual([heard(), heard(), heard()], ['a', 'a!', 'b'])
  })

  test('that never come put one other command off, not all that follow', (t) => {
    const { heard, later, write } = clocked(t)
    write('a')
    later(timeoutMs)
    write('b')
    assert.equal(heard(), 'a!', "b's, taken for a's")
    later(timeoutMs)
    for (const id of ['b', 'c', 'd']) {
      write(id)
      assert.equal(heard(), id)
    }
  })

  test('name the command as it was given last', () => {
    const ledger = new GivenCommands()
    ledger.add(given('a'))
    ledger.add({ ...given('a'), deliveryCount: 1 })
    assert.equal(ledger.takeOldest()?.command.deliveryCount, 1)
  })
})

test('no more than 256 commands are remembered, the oldest goes', () => {
  const ledger = new GivenCommands()
  for (let each = 0; each <= 256; each++) ledger.add(command(String(each), Buffer.alloc(0)))
  assert.equal(ledger.names.length, 256)
  assert.deepEqual([ledger.take('0'), ledger.take('1')?.id], [undefined, '1'])
})

test('an answer is to one of the commands of its connection: BAD_CONTENT where it says nothing, else UNKNOWN_COMMAND', () => {
  const ledger = new GivenCommands()
  assert.throws(() => ledger.answered({}), { code: 'UNKNOWN_COMMAND' })
  assert.throws(() => ledger.answered({ id: 'a' }), { code: 'UNKNOWN_COMMAND' })
  ledger.add(given('a'))
  assert.throws(() => ledger.answered({ outcome: 'done' as 'complete' }), { code: 'BAD_CONTENT' })
  assert.throws(() => ledger.answered({ status: 1.5 }), { code: 'BAD_CONTENT' })
  const { of, outcome, response } = ledger.answered({ id: 'a', body: 7 })
  assert.deepEqual([of.id, outcome, response], ['a', 'complete', { status: 200, body: 7 }])
})

test('a device that is late now and then settles no command by the answer of another', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const late = fc.integer({ min: 0, max: 2 * timeoutMs - 1 })
  const inTime = fc.integer({ min: 0, max: timeoutMs - 1 })
  const delays = fc.array(fc.tuple(late, inTime), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(delays, fc.nat(2 * timeoutMs), (pairs, gapMs) => {
      const ledger = new GivenCommands()
      const answers: { readonly at: number; readonly id: string }[] = []
      let answeredAt = Date.now()
      for (const [index, afterMs] of pairs.flat().entries()) {
        const writtenAt = Date.now()
        ledger.add(given(`c${index}`))
        // It answers in order.
        answeredAt = Math.max(answeredAt, writtenAt + afterMs)
        answers.push({ at: answeredAt, id: `c${index}` })
        // The next is given some time after this one was answered, or given up.
        const nextAt = Math.min(answeredAt, writtenAt + timeoutMs) + gapMs
        for (const { at, id } of answers.filter(({ at }) => at <= nextAt)) {
          answers.shift()
          t.mock.timers.setTime(at)
          const answered = ledger.takeOldest()
          assert.deepEqual(
            [answered?.command.id, answered?.isAwaited],
            [id, at < writtenAt + timeoutMs && id === `c${index}`],
          )
        }
        t.mock.timers.setTime(nextAt)
      }
    }),
  )
})
