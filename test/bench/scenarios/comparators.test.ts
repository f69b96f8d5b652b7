import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchmark } from '../../../bench/benchmark.ts'
import { comparatorsScenario } from '../../../bench/scenarios/comparators.ts'

test('the forum snippet makes one message of lines that come at once: no failure, and told as a loss', async () => {
  const rows = comparatorsScenario.rows.filter(({ name }) => name === 'forum snippet')
  const effort = { quick: true, messages: 500, seed: 1 }
  const { signal } = new AbortController()
  const options = { repetitions: 1, effort, rowTimeoutMs: 30_000, signal }
  const results = await benchmark([{ ...comparatorsScenario, rows }], options, () => {})
  assert.equal(results.length, 1)
  const { verified, error, figures, received } = results[0] as (typeof results)[number]
  assert.ok(verified, error)
  assert.ok(received < 500)
  assert.ok((figures.lostShare as number) > 0)
})
