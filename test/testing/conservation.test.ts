import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Conservation, isConserved } from '../../src/testing/conservation.ts'

/** Sends numbers, acknowledges some, lets some arrive. */
function told(sent: number[], acked: number[], arrived: number[]): Conservation {
  const oracle = new Conservation({ seed: 7 })
  for (const number of sent) oracle.sent('d1', number)
  for (const number of arrived) oracle.arrived('d1', number)
  for (const number of acked) oracle.receipt('d1', number, 'complete')
  return oracle
}

describe('the conservation oracle', () => {
  test('says that all is well where everything arrived in order, repeats or not', () => {
    const verdict = told([0, 1, 2], [0, 1, 2], [0, 1, 0, 1, 2]).verdict()
    assert.deepEqual(
      [verdict.sent, verdict.acked, verdict.duplicated, verdict.lost, verdict.reordered, verdict.seed],
      [3, 3, 2, 0, 0, 7],
    )
    assert.deepEqual(verdict.offences, [])
    assert.ok(isConserved(verdict))
  })

  test('names a reading that was acknowledged and is not at the hub', () => {
    const verdict = told([0, 1], [0, 1], [0]).verdict()
    assert.deepEqual([verdict.lost, verdict.ackedButMissing], [1, 1])
    assert.deepEqual(verdict.offences, ['reading 1 of d1 was acknowledged and is not at the hub'])
    assert.ok(!isConserved(verdict))
  })

  test('takes what was never answered for lost, unless it arrived or was refused for good', () => {
    const oracle = told([0, 1, 2], [0], [0, 1])
    assert.deepEqual([oracle.open, oracle.missing], [2, 1])
    const { lost, ackedButMissing } = oracle.verdict()
    assert.deepEqual([lost, ackedButMissing], [1, 0])
    oracle.receipt('d1', 2, 'reject')
    assert.deepEqual([oracle.open, oracle.missing, oracle.verdict().lost], [1, 0, 0])
  })

  test('counts a reading that arrives first after a later one, once', () => {
    const verdict = told([0, 1, 2, 3], [0, 1, 2, 3], [0, 2, 3, 1, 1]).verdict()
    assert.deepEqual([verdict.reordered, verdict.duplicated], [1, 1])
    assert.deepEqual(verdict.offences, ['reading 1 of d1 arrived after 3'])
    assert.ok(!isConserved(verdict))
  })

  test('lets one be late that its device was told to send again', () => {
    const oracle = told([0, 1, 2], [], [0])
    oracle.receipt('d1', 1, 'abandon')
    oracle.arrived('d1', 2)
    oracle.arrived('d1', 1)
    for (const number of [0, 1, 2]) oracle.receipt('d1', number, 'complete')
    assert.ok(isConserved(oracle.verdict()))
  })

  test('orders each device by itself', () => {
    const oracle = new Conservation()
    for (const deviceId of ['a', 'b']) for (const number of [0, 1]) oracle.sent(deviceId, number)
    oracle.arrived('a', 0)
    oracle.arrived('a', 1)
    oracle.arrived('b', 0)
    oracle.arrived('b', 1)
    assert.equal(oracle.verdict().reordered, 0)
  })

  test('names what arrived under another name, was never sent, or was acknowledged though never sent', () => {
    const oracle = told([0], [0], [0])
    oracle.arrived('d2', 0, 'd1')
    oracle.arrived('d1', 5)
    oracle.receipt('d1', 6, 'complete')
    const { crossed, offences } = oracle.verdict()
    assert.equal(crossed, 3)
    assert.deepEqual(offences, [
      'reading 0 of d1 arrived as one of d2',
      'reading 5 of d1 arrived, and was never sent',
      'a receipt for reading 6 of d1, which was never sent',
    ])
  })

  test('names a reading that was rejected and is at the hub', () => {
    const oracle = told([0], [], [0])
    oracle.receipt('d1', 0, 'reject')
    assert.equal(oracle.verdict().nackedButPresent, 1)
    assert.ok(!isConserved(oracle.verdict()))
  })

  test('a command is late from its expiry on, less the tolerance, and is counted once', () => {
    const oracle = new Conservation({ lateToleranceMs: 100 })
    oracle.commandQueued('c1', 'd1', 1000)
    oracle.commandWritten('c1', 'd1', 1100)
    assert.equal(oracle.verdict().lateCommands, 0)
    oracle.commandWritten('c1', 'd1', 1101)
    oracle.commandWritten('c1', 'd1', 5000)
    const { lateCommands, commands, offences } = oracle.verdict()
    assert.deepEqual([lateCommands, commands], [1, 1])
    assert.deepEqual(offences, ['command c1 reached d1 101 ms after it had expired'])
  })

  test('a command that the hub holds for completed must have been confirmed by its device', () => {
    const oracle = new Conservation()
    for (const id of ['c1', 'c2', 'c3', 'c4']) oracle.commandQueued(id, 'd1')
    oracle.commandAnswered('c1', 'd1', 'complete')
    oracle.commandAnswered('c2', 'd1', 'reject')
    for (const id of ['c1', 'c2', 'c3']) oracle.commandSettled(id, 'complete')
    oracle.commandSettled('c4', 'abandon')
    const { unconfirmedCommands, offences } = oracle.verdict()
    assert.equal(unconfirmedCommands, 2)
    assert.deepEqual(offences, [
      'command c2 is completed, and d1 never said so',
      'command c3 is completed, and d1 never said so',
    ])
  })

  test('a command at another device, or one that nobody queued, is crossed', () => {
    const oracle = new Conservation()
    oracle.commandQueued('c1', 'd1')
    oracle.commandWritten('c1', 'd2')
    oracle.commandAnswered('c9', 'd1', 'complete')
    assert.equal(oracle.verdict().crossed, 2)
  })

  test('of a disaster only the first offenders are named, and all are counted', () => {
    const numbers = Array.from({ length: 5000 }, (_, number) => number)
    const { lost, offences } = told(numbers, numbers, []).verdict()
    assert.deepEqual([lost, offences.length], [5000, 20])
  })

  test('whatever happens, its counts are those of a plain list', () => {
    const events = fc.array(
      fc.record({ what: fc.constantFrom('send', 'ack', 'abandon', 'arrive'), number: fc.nat(8) }),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(events, (list) => {
        const oracle = new Conservation()
        const sent = new Set<number>()
        const acked = new Set<number>()
        const nacked = new Set<number>()
        const arrived: number[] = []
        let reordered = 0
        for (const { what, number } of list) {
          if (what === 'send') {
            sent.add(number)
            oracle.sent('d', number)
          } else if (!sent.has(number)) continue
          else if (what === 'arrive') {
            if (!arrived.includes(number) && arrived.some((other) => other > number) && !nacked.has(number)) reordered++
            arrived.push(number)
            oracle.arrived('d', number)
          } else {
            if (what === 'ack') acked.add(number)
            else nacked.add(number)
            oracle.receipt('d', number, what === 'ack' ? 'complete' : 'abandon')
          }
        }
        const verdict = oracle.verdict()
        assert.deepEqual(
          [verdict.sent, verdict.acked, verdict.lost, verdict.duplicated, verdict.reordered],
          [
            sent.size,
            acked.size,
            [...sent].filter((number) => !arrived.includes(number)).length,
            arrived.length - new Set(arrived).size,
            reordered,
          ],
        )
        assert.equal(verdict.ackedButMissing, [...acked].filter((number) => !arrived.includes(number)).length)
      }),
    )
  })
})
