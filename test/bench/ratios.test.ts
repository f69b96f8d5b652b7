import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratioLine, ratiosOf } from '../../bench/ratios.ts'
import type { Result } from '../../bench/result.ts'
import type { Ratio, Scenario } from '../../bench/scenario.ts'

function scenarioOf(...ratios: readonly Ratio[]): Scenario {
  return { name: 's', about: '', rows: [], ratios }
}

function result(row: string, repetition: number, cpu: number, more: Partial<Result> = {}): Result {
  return { scenario: 's', row, repetition, figures: { cpu }, sent: 1, received: 1, verified: true, ...more }
}

const ratio: Ratio = { name: 's/a:b', of: 'a', to: 'b', figure: 'cpu' }

test('a ratio is the median of those within one repetition, not that of the medians', () => {
  const results = [
    result('a', 1, 2),
    result('b', 1, 1),
    result('a', 2, 30),
    result('b', 2, 10),
    result('a', 3, 8),
    result('b', 3, 2),
  ]
  const [measured] = ratiosOf([scenarioOf(ratio)], results)
  assert.deepEqual(measured?.pairs, [2, 3, 4])
  assert.deepEqual(JSON.parse(ratioLine(measured as NonNullable<typeof measured>)), {
    ratio: 's/a:b',
    value: 3,
    min: 2,
    max: 4,
  })
})

test('turned round, less is more', () => {
  const [measured] = ratiosOf([scenarioOf({ ...ratio, inverse: true })], [result('a', 1, 2), result('b', 1, 5)])
  assert.equal(measured?.value, 2.5)
})

test('what is aimed at is reached or missed', () => {
  const results = [result('a', 1, 3), result('b', 1, 2)]
  const aims = [{ atLeast: 1.5 }, { atLeast: 1.6 }, { atMost: 1.5 }, { atMost: 1.4 }, { atLeast: 1, atMost: 2 }, {}]
  const measured = ratiosOf([scenarioOf(...aims.map((aim) => ({ ...ratio, ...aim })))], results)
  assert.deepEqual(
    measured.map(({ aim, reached }) => [aim, reached]),
    [
      ['>= 1.5', true],
      ['>= 1.6', false],
      ['<= 1.5', true],
      ['<= 1.4', false],
      ['>= 1, <= 2', true],
      [undefined, undefined],
    ],
  )
})

test('a row that was skipped or lost something has no ratio, nor has one whose neighbour did', () => {
  const lost = { verified: false }
  const skipped = { verified: false, figures: {}, skipped: 'not installed' }
  assert.deepEqual(ratiosOf([scenarioOf(ratio)], [result('a', 1, 1), result('b', 1, 1, lost)]), [])
  assert.deepEqual(ratiosOf([scenarioOf(ratio)], [result('a', 1, 1, skipped), result('b', 1, 1)]), [])
  const second = ratiosOf(
    [scenarioOf(ratio)],
    [result('a', 1, 1, lost), result('b', 1, 1), result('a', 2, 4), result('b', 2, 2)],
  )
  assert.deepEqual(second[0]?.pairs, [2])
})
