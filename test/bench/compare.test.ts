import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compare, type Difference, differenceLine, overall } from '../../bench/compare.ts'
import type { Result } from '../../bench/result.ts'
import type { Scenario } from '../../bench/scenario.ts'
import { seeded } from '../../src/testing.ts'

const row = (name: string) => ({ name, measure: () => Promise.reject(new Error('not measured')) })
const scenario: Scenario = { name: 's', about: '', rows: [row('reference'), row('a'), row('b')] }

/** A run in which the machine is `slow` times slower at each repetition, and every figure is off by up to `noise`. */
function run(costs: Readonly<Record<string, number>>, seed: number, noise = 0.1, repetitions = 5): readonly Result[] {
  const random = seeded(seed)
  return Array.from({ length: repetitions }, (_, index) => {
    const slow = 1 + random()
    return Object.entries(costs).map(([name, cost]): Result => {
      const cpuUsPerMessage = cost * slow * (1 + noise * (2 * random() - 1))
      return {
        scenario: 's',
        row: name,
        repetition: index + 1,
        figures: { cpuUsPerMessage },
        sent: 1,
        received: 1,
        verified: true,
      }
    })
  }).flat()
}

const costs = { reference: 2, a: 5, b: 9 }

function verdictsOf(before: readonly Result[], after: readonly Result[], among = scenario): readonly string[] {
  return compare([among], before, after).map(({ row, figure, verdict }) => `${row} ${figure}: ${verdict}`)
}

describe('a comparison', () => {
  test('of two runs of the same, on a machine that is at times twice as slow, finds no difference', () => {
    let found = 0
    for (let seed = 1; seed <= 200; seed++) {
      const differences = compare([scenario], run(costs, seed), run(costs, seed + 1000))
      assert.equal(differences.length, 2, 'the reference is compared with nothing')
      if (overall(differences) !== 'no difference') found++
    }
    assert.ok(found <= 2, `${found} of 200`)
  })

  test('of hundreds of rows finds none either: many chances are no more than one', () => {
    const names = Array.from({ length: 200 }, (_, index) => `row ${index}`)
    const many = { ...scenario, rows: ['reference', ...names].map(row) }
    const all = Object.fromEntries([['reference', 2], ...names.map((name) => [name, 5])])
    for (let seed = 1; seed <= 10; seed++) {
      const differences = compare([many], run(all, seed, 0.3), run(all, seed + 1000, 0.3))
      assert.equal(differences.length, 200)
      assert.equal(overall(differences), 'no difference')
    }
  })

  test('finds what became half as slow again, and what became faster, by name', () => {
    let missed = 0
    for (let seed = 1; seed <= 100; seed++) {
      const after = run({ ...costs, a: 7.5, b: 5 }, seed + 1000, 0.05)
      const [a, b] = compare([scenario], run(costs, seed, 0.05), after)
      if (a?.verdict !== 'worse' || b?.verdict !== 'better') missed++
    }
    assert.ok(missed <= 5, `${missed} of 100`)
    const words = overall(compare([scenario], run(costs, 1, 0.01), run({ ...costs, a: 7.5 }, 2, 0.01)))
    assert.match(words, /^s\/a: cpuUsPerMessage worse, ×1\.[45]\d$/)
  })

  test('calls a change by a tenth or less none, however sure it is', () => {
    const differences = compare([scenario], run(costs, 1, 0.001), run({ ...costs, a: 5.4 }, 2, 0.001))
    assert.equal(overall(differences), 'no difference')
    const [a] = compare([scenario], run(costs, 1, 0.001), run({ ...costs, a: 5.6 }, 2, 0.001))
    assert.equal(a?.verdict, 'worse')
  })

  test('says nothing about what was measured once or twice, or was not verified', () => {
    assert.deepEqual(compare([scenario], run(costs, 1, 0.1, 2), run(costs, 2)), [])
    const lost = run(costs, 2).map((result) => ({ ...result, verified: false }))
    assert.deepEqual(compare([scenario], run(costs, 1), lost), [])
    assert.equal(overall([]), 'nothing to compare')
  })

  test('knows of each figure whether more of it is better, and whether the machine is in it', () => {
    const figured = (cpuUs: number, messages: number, memory: number) =>
      [1, 2, 3, 4, 5].flatMap((repetition) =>
        ['reference', 'a'].map((name): Result => {
          const own = name === 'a' ? [cpuUs, messages, memory] : [1, 100, 10]
          const [cpuUsPerMessage = 0, messagesPerSecond = 0, maxRssMiB = 0] = own.map(
            (value) => value + repetition / 1e4,
          )
          const figures = { cpuUsPerMessage, messagesPerSecond, maxRssMiB, gcPercent: own[0] as number }
          return { scenario: 's', row: name, repetition, figures, sent: 1, received: 1, verified: true }
        }),
      )
    assert.deepEqual(verdictsOf(figured(2, 50, 20), figured(3, 75, 30)), [
      // Memory is compared as it is, so the reference's too.
      'reference maxRssMiB: no difference',
      'a cpuUsPerMessage: worse',
      'a messagesPerSecond: better',
      'a maxRssMiB: worse',
    ])
  })

  test('sets rows against the yardstick of their scenario, so that a slower reference is found', () => {
    const slower = run({ ...costs, reference: 4 }, 2, 0.01)
    assert.deepEqual(verdictsOf(run(costs, 1, 0.01), slower, { ...scenario, yardstick: 'b' }), [
      'reference cpuUsPerMessage: worse',
      'a cpuUsPerMessage: no difference',
    ])
  })

  test('is a JSON line for each row and figure', () => {
    const [a] = compare([scenario], run(costs, 1), run(costs, 2))
    const said = JSON.parse(differenceLine(a as Difference)) as Record<string, unknown>
    assert.deepEqual(Object.keys(said), ['compare', 'figure', 'verdict', 'change', 'probability'])
    assert.equal(said.compare, 's/a')
  })
})
