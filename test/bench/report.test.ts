import assert from 'node:assert/strict'
import { test } from 'node:test'
import { circumstances } from '../../bench/circumstances.ts'
import { reportText } from '../../bench/report.ts'
import type { Result } from '../../bench/result.ts'
import type { Scenario } from '../../bench/scenario.ts'

const row = (name: string) => ({ name, measure: () => Promise.reject(new Error('not measured')) })
const aimed = { of: 'b', to: 'a', figure: 'cpuUs' }
const scenario: Scenario = {
  name: 's',
  about: 'what it is',
  rows: [row('a'), row('b')],
  ratios: [
    { name: 's/b:a', ...aimed, atMost: 2 },
    { name: 's/a:b', ...aimed, inverse: true, atLeast: 2 },
  ],
}

function result(row: string, repetition: number, cpuUs: number, more: Partial<Result> = {}): Result {
  return { scenario: 's', row, repetition, figures: { cpuUs }, sent: 1, received: 1, verified: true, ...more }
}

function textOf(...results: readonly Result[]): string {
  return reportText([scenario], { ...circumstances(7, 2, false), results })
}

test('a report has the machine, the ratios with their aims, and a table a figure', () => {
  const text = textOf(result('a', 1, 1000), result('b', 1, 1500), result('a', 2, 2000), result('b', 2, 3000))
  assert.match(text, /^# Benchmark\n\nNode v\d+.*, seed 7, 2 repetitions\n/s)
  assert.ok(text.includes('## s\n\nwhat it is\n'))
  assert.match(text, /\| s\/b:a +\| +1\.50 \| 1\.50 \| 1\.50 \| <= 2 \| reached \|/)
  assert.match(text, /\| s\/a:b +\| +0\.67 \| 0\.67 \| 0\.67 \| >= 2 \| +missed \|/)
  assert.match(text, /\| cpuUs \| median \| +min \| +max \| \/ reference \|/)
  assert.match(text, /\| b +\| +2,250 \| 1,500 \| 3,000 \| +1\.50 \|/)
  assert.match(text, /All 4 results are verified/)
})

test('a row that was left out is named once, with what would help; it is not counted as verified', () => {
  const skipped = { verified: false, figures: {}, skipped: 'syslog-ng is not installed' }
  const text = textOf(result('a', 1, 1), result('b', 1, 0, skipped), result('b', 2, 0, skipped))
  assert.equal(text.match(/- s, b: syslog-ng is not installed/g)?.length, 1)
  assert.match(text, /All 1 results are verified/)
})

test('a row that lost something says what, and all is not verified', () => {
  const lost = { verified: false, sent: 3, received: 2, acknowledged: 1 }
  const text = textOf(
    result('a', 1, 1),
    result('b', 1, 1, lost),
    result('b', 2, 1, { verified: false, error: 'no hub' }),
  )
  assert.match(
    text,
    /## NOT VERIFIED\n\n- s, b, repetition 1: sent 3, received 2, acknowledged 1\n- s, b, repetition 2: no hub\n$/,
  )
  assert.ok(!text.includes('are verified'))
})
