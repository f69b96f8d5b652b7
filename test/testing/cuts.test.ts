import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cutAt, everyCut, seeded, singly } from '../../src/testing.ts'

describe('everyCut', () => {
  const bytes = Buffer.from('abcdefgh')

  test('loses, doubles and moves nothing', () => {
    for (const chunks of everyCut(bytes)) assert.deepEqual(Buffer.concat(chunks), bytes)
  })

  test('has the whole, the single bytes, every place once, and as many random cuts as asked for', () => {
    const cuts = [...everyCut(bytes, { random: 5 })]
    assert.deepEqual(cuts[0], [bytes])
    assert.deepEqual(cuts[1], singly(bytes))
    assert.deepEqual(
      cuts.slice(2, 9).map(([first]) => first?.length),
      [1, 2, 3, 4, 5, 6, 7],
    )
    assert.equal(cuts.length, 2 + 7 + 5)
  })

  test('repeats itself with its seed, and not with another', () => {
    const lengths = (seed: number) =>
      JSON.stringify([...everyCut(bytes, { seed })].map((each) => each.map((one) => one.length)))
    assert.equal(lengths(7), lengths(7))
    assert.notEqual(lengths(7), lengths(8))
  })

  test('of many bytes takes the places at either end', () => {
    const places = [...everyCut(Buffer.alloc(1000), { random: 0 })].slice(2).map(([first]) => first?.length as number)
    assert.equal(places.length, 128)
    assert.deepEqual([places[0], places[63], places[64], places[127]], [1, 64, 936, 999])
  })

  test('of nothing and of one byte is that', () => {
    assert.deepEqual([...everyCut(Buffer.alloc(0), { random: 0 })], [[Buffer.alloc(0)], []])
    assert.deepEqual([...everyCut(Buffer.of(7), { random: 0 })], [[Buffer.of(7)], [Buffer.of(7)]])
  })
})

describe('cutAt', () => {
  test('takes places in any order, and gives empty chunks where they are equal', () => {
    assert.deepEqual(cutAt(Buffer.from('abc'), [2, 1, 1]).map(String), ['a', '', 'b', 'c'])
  })
})

describe('seeded', () => {
  test('gives numbers from 0 to 1, spread evenly', () => {
    const next = seeded(1)
    const counts = new Array<number>(10).fill(0)
    for (let count = 0; count < 10_000; count++) {
      const value = next()
      assert.ok(value >= 0 && value < 1)
      counts[Math.floor(value * 10)] = (counts[Math.floor(value * 10)] as number) + 1
    }
    for (const count of counts) assert.ok(count > 850 && count < 1150, `${count} of 10,000 in a tenth`)
  })
})
