import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { benchmark } from '../../bench/benchmark.ts'
import { exitCodeFor, isVerified, type Result, resultLine } from '../../bench/result.ts'
import { type Measured, type Row, type Scenario, Skipped } from '../../bench/scenario.ts'
import { median, summarise } from '../../bench/summary.ts'

const runner = fileURLToPath(new URL('../../bench/run.js', import.meta.url))

function runBench(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [runner, ...args], (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

function rowOf(name: string, measured: Measured | Error): Row {
  return {
    name,
    async measure() {
      if (measured instanceof Error) throw measured
      return measured
    },
  }
}

function benchmarkOf(rows: readonly Row[], rowTimeoutMs = 10_000): Promise<readonly Result[]> {
  const scenario: Scenario = { name: 'made up', about: '', rows }
  const effort = { quick: true, messages: 1, seed: 1 }
  return benchmark([scenario], { repetitions: 2, effort, rowTimeoutMs, signal: new AbortController().signal }, () => {})
}

describe('the runner', () => {
  test('measures every row of a scenario, verified, and writes the tables', async () => {
    const out = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
    try {
      const run = await runBench('--only', 'decode', '--quick', '--messages', '1000', '--out', out)
      assert.equal(run.exitCode, 0, run.stderr)
      const results = run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const ratios = results.splice(6)
      assert.equal(results.length, 6)
      for (const result of results) {
        assert.equal(result.scenario, 'decode')
        assert.deepEqual([result.verified, result.sent, result.received], [true, 1000, 1000])
        assert.ok((result.cpuNsPerLine as number) > 0)
      }
      assert.deepEqual(
        ratios.map(({ ratio }) => ratio),
        ['decode/100 B/keys:all', 'decode/1 KB/keys:all'],
      )
      const table = readFileSync(join(out, 'latest.md'), 'utf8')
      assert.match(table, /1 KB keys +\|/)
      assert.ok(run.stderr.includes(table))
      const { results: written } = JSON.parse(readFileSync(join(out, 'latest.json'), 'utf8')) as { results: unknown[] }
      assert.equal(written.length, 6)
    } finally {
      rmSync(out, { recursive: true })
    }
  })

  test('lists what there is, and refuses what there is not', async () => {
    const listed = await runBench('--list')
    assert.equal(listed.exitCode, 0)
    const names = [...listed.stdout.matchAll(/^[^ ][^:]*(?=: )/gm)].map(([name]) => name)
    assert.deepEqual(names, [
      'framing',
      'struct',
      'decode',
      'inbound',
      'hub-sink',
      'end-to-end',
      'comparators',
      'idle-connections',
      'packing',
      'slow-hub',
      'slowed-hub',
      'outage',
    ])
    assert.equal((await runBench('--only', 'nothing')).exitCode, 2)
  })
})

describe('a benchmark', () => {
  test('fails when a count does not match', async () => {
    const figures = { cpuUsPerMessage: 1 }
    const results = await benchmarkOf([
      rowOf('good', { figures, sent: 3, received: 3, acknowledged: 3 }),
      rowOf('lost', { figures, sent: 3, received: 2 }),
    ])
    assert.deepEqual(
      results.map(({ row, repetition, verified }) => [row, repetition, verified]),
      [
        ['good', 1, true],
        ['lost', 1, false],
        ['good', 2, true],
        ['lost', 2, false],
      ],
    )
    assert.equal(exitCodeFor(results), 1)
    assert.equal(exitCodeFor(results.filter(({ row }) => row === 'good')), 0)
    assert.equal(exitCodeFor([]), 1)
  })

  test('goes on where a row is skipped because something is not installed: that is no failure, and no result', async () => {
    const counts = { figures: { cpuUs: 1 }, sent: 1, received: 1 }
    const results = await benchmarkOf([rowOf('here', counts), rowOf('not here', new Skipped('it is not installed'))])
    assert.equal(exitCodeFor(results), 0)
    assert.deepEqual(JSON.parse(resultLine(results[1] as Result)), {
      scenario: 'made up',
      row: 'not here',
      repetition: 1,
      skipped: 'it is not installed',
    })
    assert.equal(exitCodeFor(results.filter(({ row }) => row === 'not here')), 1)
  })

  test('is verified only by something that was sent, arrived once and was acknowledged', () => {
    assert.ok(isVerified({ sent: 1, received: 1 }))
    assert.ok(!isVerified({ sent: 0, received: 0 }))
    assert.ok(!isVerified({ sent: 1, received: 2 }))
    assert.ok(!isVerified({ sent: 1, received: 1, acknowledged: 0 }))
  })

  test('goes on after a row that throws or never ends, and says why it failed', async () => {
    const never: Row = { name: 'never', measure: () => new Promise(() => {}) }
    const results = await benchmarkOf([rowOf('broken', new Error('no hub')), never], 20)
    assert.equal(results.length, 4)
    assert.match(results[0]?.error ?? '', /no hub/)
    assert.match(results[1]?.error ?? '', /took longer than 20 ms/)
    assert.equal(exitCodeFor(results), 1)
    assert.equal((JSON.parse(resultLine(results[0] as Result)) as { verified: unknown }).verified, false)
  })

  test('is summed up by the median, in relation to the row of reference', () => {
    const rows = [rowOf('a', new Error()), { ...rowOf('b', new Error()), reference: 'a' }]
    const result = (row: string, repetition: number, cpuUs: number, verified = true) => {
      return { scenario: 's', row, repetition, figures: { cpuUs }, sent: 1, received: 1, verified }
    }
    const results = [
      result('a', 1, 2),
      result('b', 1, 9),
      result('a', 2, 4),
      result('b', 2, 6),
      result('b', 3, 1, false),
    ]
    assert.deepEqual(summarise([{ name: 's', about: '', rows }], results), [
      { scenario: 's', figure: 'cpuUs', row: 'a', median: 3, min: 2, max: 4, ratio: 1 },
      { scenario: 's', figure: 'cpuUs', row: 'b', median: 7.5, min: 6, max: 9, ratio: 2.5 },
    ])
    assert.equal(median([1, 2, 9]), 2)
  })
})
