import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { circumstances } from '../../bench/circumstances.ts'
import { type Result, resultLine } from '../../bench/result.ts'
import { latestResults, readRun, saveRun } from '../../bench/saved-run.ts'

const timeline = {
  title: 't',
  seconds: [0, 1],
  marks: [],
  panels: [{ name: 'MiB', lines: [{ name: 'm', values: [1, 2] }] }],
}

function result(scenario: string, repetition: number): Result {
  return { scenario, row: '10 s of nothing', repetition, figures: { a: 1 }, sent: 1, received: 1, verified: true }
}

function runOf(...results: readonly Result[]) {
  return { ...circumstances(1, 1, true), results }
}

describe('a saved run', () => {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'headgate-run-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  test('is read as it was, its tables and timelines in files of their own', () => {
    const drawn = { ...result('slow-hub', 1), timeline }
    const run = runOf(result('slow-hub', 2), drawn)
    saveRun(dir, 'in words', run)
    assert.deepEqual(readdirSync(dir).sort(), ['latest.json', 'latest.md', 'slow-hub-10-s-of-nothing.svg'])
    assert.equal(readFileSync(join(dir, 'latest.md'), 'utf8'), 'in words')
    assert.deepEqual(readRun(join(dir, 'latest.json')), {
      ...run,
      results: [result('slow-hub', 2), result('slow-hub', 1)],
    })
    assert.ok(!resultLine(drawn).includes('panels'))
  })

  test('is nothing but one', () => {
    const path = join(dir, 'latest.json')
    for (const text of ['', '{}', 'null', '[]', '{"results":1}']) {
      writeFileSync(path, text)
      assert.throws(() => readRun(path), text)
    }
    assert.throws(() => readRun(join(dir, 'none.json')), { code: 'ENOENT' })
  })
})

test('of several runs the last that has a scenario counts, with all repetitions and no others', () => {
  const [old, other, fresh] = [
    runOf(result('a', 1), result('a', 2), result('b', 1)),
    runOf(result('c', 1)),
    runOf(result('a', 3)),
  ]
  assert.deepEqual(
    latestResults([old, other, fresh]).map(({ scenario, repetition }) => [scenario, repetition]),
    [
      ['a', 3],
      ['b', 1],
      ['c', 1],
    ],
  )
})
