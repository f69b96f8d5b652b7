import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../src/core/connection.ts'
import { json } from '../../src/stages/json.ts'
import { joinedBodies, singleBodies } from '../../src/stages/json-bodies.ts'
import { stepOf } from '../../src/testing.ts'
import { anyText, compactObject, damagedJson, jsonText } from './json-texts.ts'
import { turn } from './turn.ts'

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 40 })

/** Of most readings: a number of their own, no characters but ASCII. */
const usual = fc.tuple(fc.nat(), fc.nat()).map(([sequence, value]) => `{"$seq":${sequence},"t":${value}}`)

describe('bodies of lines that came together', () => {
  test('are byte for byte those of each line alone, with what stands before them and without', () => {
    const lines = fc.array(fc.tuple(ascii, fc.option(fc.nat(), { nil: undefined })))
    const property = fc.property(lines, (asked) => {
      const bodies = joinedBodies(asked.map(([line]) => line))
      assert.ok(bodies !== undefined)
      for (const [line, place] of asked) {
        const begin = place === undefined || line === '' ? undefined : place % line.length
        assert.deepEqual(bodies.of(line, begin), singleBodies.of(line, begin))
        bodies.next(line)
      }
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test('are made one by one where a character is more than a byte, and where a body would keep more than 32 KiB', () => {
    assert.equal(joinedBodies(['{"x":"°"}']), undefined)
    assert.equal(joinedBodies(['a'.repeat(32_000), 'b'.repeat(769)]), undefined)
    assert.ok(joinedBodies(['a'.repeat(32_000), 'b'.repeat(768)]) !== undefined)
  })

  test('share one piece of memory with each other and nobody else', () => {
    const line = `{"t":"${'x'.repeat(5000)}"}`
    const bodies = joinedBodies([line, line])
    assert.ok(bodies !== undefined)
    const { buffer } = bodies.of(line, undefined)
    bodies.next(line)
    assert.equal(bodies.of(line, undefined).buffer, buffer)
    assert.equal(buffer.byteLength, 2 * line.length)
  })
})

describe('json, given the lines of a turn at once', () => {
  const up = (parse: 'all' | 'keys') => json({ parse }).open(new Connection({ id: 'c', pipeline: 'p' })).up

  test('gives what it gives for each line, whatever they say', () => {
    const line = fc.oneof(usual, usual, compactObject, jsonText, damagedJson, anyText)
    const property = fc.property(fc.constantFrom('all', 'keys'), fc.array(line, { maxLength: 8 }), (parse, lines) => {
      assert.deepEqual(turn(up(parse), lines).deeds, turn(stepOf(up(parse)), lines).deeds)
    })
    fc.assert(property, { numRuns: 4000 })
  })

  test('takes readings up to the first line that is none', () => {
    const reading = '{"$seq":1,"t":20}'
    for (const parse of ['all', 'keys'] as const) {
      assert.equal(turn(up(parse), [reading, '{"t":1}', reading]).taken, 3)
      assert.equal(turn(up(parse), [reading, reading, '{"$ping":1}', reading]).taken, 2)
      assert.equal(turn(up(parse), [reading, '{"t":', reading]).taken, 1)
      assert.equal(turn(up(parse), [reading, '{"t":"°"}']).taken, 0)
    }
  })
})
