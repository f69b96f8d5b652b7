import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkedPlan, type PollEntry } from '../../../src/stages/modbus/poll-plan.ts'

const entry: PollEntry = { name: 'level_m', unit: 1, function: 3, address: 0 }

describe('a poll plan', () => {
  test('asks for as many registers or bits as its points take', () => {
    const quantity = (more: Partial<PollEntry>) => checkedPlan([{ ...entry, ...more }]).polls[0]?.quantity
    assert.equal(quantity({}), 1)
    assert.equal(quantity({ type: 'f32' }), 2)
    assert.equal(quantity({ type: 'f64' }), 4)
    assert.equal(quantity({ type: 'f32', count: 6 }), 6)
    assert.equal(quantity({ function: 1 }), 1)
    assert.equal(quantity({ function: 2, count: 12 }), 12)
    const points = [{ name: 'a', type: 'f32' as const }, { name: 'b' }, { name: 'c', at: 8, type: 'i32' as const }]
    assert.equal(quantity({ points }), 10)
    assert.equal(quantity({ points, count: 20 }), 20)
  })

  test('has points one behind the other, or where they say', () => {
    const points = [{ name: 'a', type: 'f32' as const }, { name: 'b' }, { name: 'c', at: 8 }, { name: 'd' }]
    const [poll] = checkedPlan([{ ...entry, address: 100, points }]).polls
    assert.deepEqual(
      poll?.points.map(({ name, at, address }) => [name, at, address]),
      [
        ['a', 0, 100],
        ['b', 2, 102],
        ['c', 8, 108],
        ['d', 9, 109],
      ],
    )
  })

  test('finds polls by their name and by that of each of their points', () => {
    const points = [{ name: 'a' }, { name: 'b' }]
    const plan = checkedPlan([entry, { ...entry, name: 'meter', points }])
    assert.deepEqual([...plan.readable.keys()], ['level_m', 'meter', 'a', 'b'])
    assert.deepEqual([...plan.points.keys()], ['level_m', 'a', 'b'])
  })

  const wrong: readonly [string, readonly PollEntry[], RegExp][] = [
    ['a unit of 0, which answers nothing', [{ ...entry, unit: 0 }], /unit must be an integer from 1 to 255, not 0/],
    ['a function that reads nothing', [{ ...entry, function: 6 as 3 }], /function must be 1, 2, 3 or 4, not 6/],
    ['an address beyond the last', [{ ...entry, address: 65_536 }], /address .* 0 to 65535, not 65536/],
    ['registers beyond the last', [{ ...entry, address: 65_535, type: 'u32' }], /2 from address 65535 .* beyond 65535/],
    ['more registers than a reply can carry', [{ ...entry, count: 126 }], /1 to 125, not 126/],
    ['more bits than a reply can carry', [{ ...entry, function: 1, count: 2001 }], /1 to 2000, not 2001/],
    ['a type that is none', [{ ...entry, type: 'u8' as 'u16' }], /type 'u8'; there are u16, i16/],
    ['half a value', [{ ...entry, type: 'u32', count: 3 }], /2 registers a value, 3 are no multiple/],
    ['a type of bits', [{ ...entry, function: 1, type: 'u16' }], /function 1: bits, no u16/],
    [
      'a count below its points',
      [{ ...entry, count: 1, points: [{ name: 'a', at: 1 }] }],
      /points take 2, its count is 1/,
    ],
    ['a form beside its points', [{ ...entry, scale: 2, points: [{ name: 'a' }] }], /'scale' belongs to each/],
    ['no points', [{ ...entry, points: [] }], /no points/],
    ['a scale of 0', [{ ...entry, scale: 0 }], /scale 0/],
    ['an offset that is no number', [{ ...entry, offset: Number.NaN }], /offset NaN/],
    ['an order that is none', [{ ...entry, wordOrder: 'middle' as 'big-endian' }], /order 'middle'/],
    ['an interval of no time', [{ ...entry, intervalMs: 0 }], /intervalMs .* 100 to 86400000, not 0/],
    ['a name of nothing', [{ ...entry, name: '' }], /name has 1 to 128/],
    ['two points of one name', [entry, entry], /another point 'level_m'/],
    ['an entry with the name of a point', [entry, { ...entry, name: 'level_m', points: [{ name: 'b' }] }], /'level_m'/],
  ]
  for (const [what, plan, message] of wrong) {
    test(`is refused for ${what}`, () => {
      assert.throws(() => checkedPlan(plan), { code: 'CONFIGURATION', message })
    })
  }
})
