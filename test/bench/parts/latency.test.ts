import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentile } from '../../../bench/parts/latency.ts'

test('a percentile is a value that occurred, and so many of a hundred do not exceed it', () => {
  const thousand = Array.from({ length: 1000 }, (_, index) => index + 1)
  assert.deepEqual(
    [0, 50, 99, 99.9, 100].map((percent) => percentile(thousand, percent)),
    [1, 500, 990, 999, 1000],
  )
  assert.equal(percentile([7], 50), 7)
  assert.ok(Number.isNaN(percentile([], 50)))
})
