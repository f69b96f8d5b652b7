import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compare, overall } from '../../bench/compare.ts'
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

describe('a comparison', () => {
  test('of two runs of the same, on a machine that is at times twice as slow, finds no difference', () => {
    let found = 0
    for (let seed = 1; seed <= 200; seed++) {
      const differences = compare([scenario], run(costs, seed), run(costs, seed + 1000))
      assert.equal(differences.length, 2, 'the reference is compared with nothing')
      found += differences.filter(({ verdict }) => verdict !== 'no difference').length
    }
    assert.ok(found <= 4, `${found} of 400`)
  })

  test('finds what became half as fast again, and what became faster, by name', () => {
    let missed = 0
    for (let seed = 1; seed <= 100; seed++) {
      const after = run({ ...costs, a: 7.5, b: 5 }, seed + 1000, 0.05)
      const [a, b] = compare([scenario], run(costs, seed, 0.05), after)
      if (a?.verdict !== 'more' || b?.verdict !== 'less') missed++
    }
    assert.ok(missed <= 5, `${missed} of 100`)
    const words = overall(compare([scenario], run(costs, 1, 0.01), run({ ...costs, a: 7.5 }, 2, 0.01)))
    assert.match(words, /^s, a: cpuUsPerMessage more \(x 1\.[45]\d\)$/)
  })

  test('calls a change of less than a tenth none, however sure it is', () => {
    const differences = compare([scenario], run(costs, 1, 0.001), run({ ...costs, a: 5.4 }, 2, 0.001))
    assert.equal(overall(differences), 'no difference')
  })

  test('says nothing about what was measured once or twice, or was not verified', () => {
    assert.deepEqual(compare([scenario], run(costs, 1, 0.1, 2), run(costs, 2)), [])
    const lost = run(costs, 2).map((result) => ({ ...result, verified: false }))
    assert.deepEqual(compare([scenario], run(costs, 1), lost), [])
    assert.equal(overall([]), 'nothing to compare')
  })
})
