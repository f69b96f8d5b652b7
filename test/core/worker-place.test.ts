import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeIn, workerPlace } from '../../src/core/worker-place.ts'

test('the variables of a worker say which of how many it is', () => {
  assert.deepEqual(placeIn({ HEADGATE_WORKER: '2', HEADGATE_WORKERS: '4' }), { number: 2, count: 4 })
})

test('variables that are missing or cannot be say nothing', () => {
  for (const [number, count] of [
    [undefined, '4'],
    ['1', undefined],
    ['0', '4'],
    ['5', '4'],
    ['1.5', '4'],
    ['x', '4'],
  ]) {
    assert.equal(placeIn({ HEADGATE_WORKER: number, HEADGATE_WORKERS: count }), undefined, `${number} of ${count}`)
  }
})

test('a process that no gateway made is no worker, whatever variables it has inherited', (t) => {
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  process.env = { ...before, HEADGATE_WORKER: '1', HEADGATE_WORKERS: '2' }
  assert.equal(workerPlace(), undefined)
})
