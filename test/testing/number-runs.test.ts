import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NumberRuns } from '../../src/testing/number-runs.ts'

test('it has the numbers of a set, whatever is added and deleted in whatever order', () => {
  const step = fc.record({ add: fc.boolean(), number: fc.integer({ min: -5, max: 30 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const runs = new NumberRuns()
      const set = new Set<number>()
      for (const { add, number } of steps) {
        if (add) {
          assert.equal(runs.add(number), !set.has(number))
          set.add(number)
        } else assert.equal(runs.delete(number), set.delete(number))
        assert.equal(runs.size, set.size)
      }
      const rising = [...set].sort((a, b) => a - b)
      assert.deepEqual([...runs], rising)
      for (let number = -6; number <= 31; number++) {
        assert.equal(runs.has(number), set.has(number))
        let missing = number
        while (set.has(missing)) missing++
        assert.equal(runs.firstMissing(number), missing)
      }
      assert.equal(runs.runs, rising.filter((number) => !set.has(number - 1)).length)
    }),
  )
})

test('a million numbers without a gap are one entry', () => {
  const runs = new NumberRuns()
  for (let number = 1; number <= 1_000_000; number++) runs.add(number)
  assert.equal(runs.runs, 1)
  assert.equal(runs.size, 1_000_000)
})
