import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { writeBenchmarksPage } from '../../bench/benchmarks-page.ts'
import { circumstances } from '../../bench/circumstances.ts'
import type { Result } from '../../bench/result.ts'
import type { Scenario } from '../../bench/scenario.ts'

const row = (name: string) => ({ name, measure: () => Promise.reject(new Error('not measured')) })
const ratio = { of: 'b', to: 'a', figure: 'cpuUsPerMessage' }
const scenarios: readonly Scenario[] = ['one', 'two', 'three'].map((name) => ({
  name,
  about: `about ${name}`,
  rows: [row('a'), row('b')],
  ratios: [{ name: `${name}/b:a`, ...ratio }],
}))

function runOf(seed: number, scenario: string, cpuUs: number, more: Partial<Result> = {}) {
  const counts = { sent: 1, received: 1, verified: true }
  const results = ['a', 'b'].map((row, index): Result => {
    return { scenario, row, repetition: 1, figures: { cpuUsPerMessage: cpuUs * (index + 1) }, ...counts, ...more }
  })
  return { ...circumstances(seed, 1, false), results }
}

describe('the page of benchmarks', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'headgate-page-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))
  const page = () => readFileSync(join(root, 'BENCHMARKS.md'), 'utf8')

  test('has all ratios first, then each scenario as the last run found it, with what that run was made with', () => {
    writeBenchmarksPage(root, scenarios, [runOf(1, 'one', 100), runOf(2, 'two', 50), runOf(3, 'one', 10)])
    const text = page()
    assert.match(text, /^# Benchmarks\n/)
    const heads = [...text.matchAll(/^## (.*)$/gm)].map(([, head]) => head)
    assert.deepEqual(heads, ['Ratios', 'one', 'two'])
    assert.ok(text.indexOf('two/b:a') < text.indexOf('## one'))
    const one = text.slice(text.indexOf('## one'), text.indexOf('## two'))
    assert.match(one, /seed 3, once/)
    assert.match(one, /\| a +\| +10\.0 \|/)
    // In a cell: the time of the run may hold any digits.
    assert.doesNotMatch(one, /\| +100\b/, 'the earlier run is forgotten')
  })

  test('shows a chart of each scenario, and its timeline: this one, or that which was drawn before', () => {
    const timeline = {
      title: 'anew',
      seconds: [0, 1],
      marks: [],
      panels: [{ name: 'MiB', lines: [{ name: 'm', values: [1, 2] }] }],
    }
    mkdirSync(join(root, 'docs/plots'), { recursive: true })
    for (const name of ['one', 'two', 'three']) writeFileSync(join(root, `docs/plots/${name}.svg`), 'before')
    writeBenchmarksPage(root, scenarios, [runOf(1, 'one', 10, { timeline }), runOf(2, 'two', 10)])
    for (const file of [
      'docs/plots/bench-one.svg',
      'docs/plots/one.svg',
      'docs/plots/bench-two.svg',
      'docs/plots/two.svg',
    ]) {
      assert.ok(page().includes(`](${file})`), file)
    }
    assert.ok(!page().includes('three'))
    assert.match(readFileSync(join(root, 'docs/plots/one.svg'), 'utf8'), /anew/)
    assert.equal(readFileSync(join(root, 'docs/plots/two.svg'), 'utf8'), 'before')
  })

  test('has no chart of a figure that nothing has', () => {
    writeBenchmarksPage(root, scenarios, [runOf(1, 'one', 10, { figures: { other: 1 } })])
    assert.ok(!page().includes('!['))
    assert.ok(!existsSync(join(root, 'docs')))
  })
})
