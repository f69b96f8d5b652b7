import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { holm, studentTails, welchTest } from '../../bench/statistics.ts'

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-3 * expected, `${actual} is not ${expected}`)
}

test("the tails of Student's t are those of the tables", () => {
  const table = [
    [12.706, 1, 0.05],
    [2.776, 4, 0.05],
    [4.604, 4, 0.01],
    [8.61, 4, 0.001],
    [2.306, 8, 0.05],
    [5.041, 8, 0.001],
    [1.96, 1e6, 0.05],
  ] as const
  for (const [t, freedom, tails] of table) {
    close(studentTails(t, freedom), tails)
    assert.equal(studentTails(-t, freedom), studentTails(t, freedom))
  }
  assert.equal(studentTails(0, 4), 1)
})

describe("Welch's test", () => {
  test('knows the probability that two samples of unlike spread have one mean', () => {
    // Variances 5/3 and 29/3 of 4 values each: t = -1.188 at 4.00 degrees of freedom.
    const [one, other] = [
      [1, 2, 3, 4],
      [2, 3, 4, 9],
    ]
    close(welchTest(one, other), 0.3004)
    assert.equal(welchTest(one, other), welchTest(other, one))
  })

  test('of means that may be some way apart looks at what is beyond', () => {
    const [one, other] = [
      [1, 2, 3, 4],
      [2, 3, 4, 9],
    ]
    const shifted = other.map((value) => value + 5)
    close(welchTest(one, shifted, 5), welchTest(one, other))
    assert.equal(welchTest(one, other, 2), 1)
  })

  test('of samples that do not vary is certain', () => {
    assert.equal(welchTest([2, 2, 2], [2, 2, 2]), 1)
    assert.equal(welchTest([2, 2, 2], [3, 3, 3]), 0)
  })
})

test('of many probabilities those are told that are too small for chance, each by what is left of the level', () => {
  assert.deepEqual(holm([0.03], 0.05), [true])
  assert.deepEqual(holm([0.03, 0.5], 0.05), [false, false])
  // 0.05 / 3, / 2, / 1.
  assert.deepEqual(holm([0.04, 0.01, 0.02], 0.05), [true, true, true])
  // The second is not told, so nor is the third, however small it would be alone.
  assert.deepEqual(holm([0.04, 0.01, 0.03], 0.05), [false, true, false])
  assert.deepEqual(holm([], 0.05), [])
})
