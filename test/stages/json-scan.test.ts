import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { scanObject } from '../../src/stages/json-scan.ts'
import { anyText, damagedJson, jsonText } from './json-texts.ts'

/** What JSON.parse has to say. */
function byParsing(text: string): 'invalid' | 'plain' | 'with protocol keys' {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'invalid'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'invalid'
  return Object.keys(value).some((key) => key.startsWith('$')) ? 'with protocol keys' : 'plain'
}

function assertAgrees(text: string): void {
  const scanned = scanObject(Buffer.from(text))
  const parsed = byParsing(text)
  // Unsure is no answer, and what is not plain must never be called so.
  if (scanned === 'unsure') return
  assert.equal(scanned, parsed, JSON.stringify(text))
}

describe('scanObject', () => {
  test('accepts, refuses and knows protocol keys as JSON.parse does, where it is sure', () => {
    fc.assert(fc.property(jsonText, assertAgrees), { numRuns: 3000 })
  })

  test('the same for JSON with a damage', () => {
    fc.assert(fc.property(damagedJson, assertAgrees), { numRuns: 6000 })
  })

  test('the same for any text', () => {
    fc.assert(fc.property(anyText, assertAgrees), { numRuns: 6000 })
  })

  test('is sure of what devices send', () => {
    for (const text of [
      '{}',
      ' { } ',
      '{"t":20.5}',
      '{"a":[1,{"$b":"$"}],"c":{"$d":null},"e":"\\u00e9\\""}',
      '{"é":-0.1e-5}',
    ]) {
      assert.equal(scanObject(Buffer.from(text)), 'plain', text)
    }
    const notes = [
      '',
      ' ',
      '1',
      '[]',
      '"{}"',
      '{"a":1',
      '{"a":1}}',
      '{"a":1,}',
      '{"a" 1}',
      '{a:1}',
      '{"a":01}',
      '{"a":1.}',
      '{"a":.5}',
    ]
    for (const text of [
      ...notes,
      '{"a":+1}',
      '{"a":-}',
      '{"a":1e}',
      '{"a":tru}',
      '{"a":"\\x"}',
      '{"a":"\\u12g4"}',
      '{"a":"\t"}',
      '{"a":[}',
      '{"a":{]}',
      '{,}',
      '\ufeff{}',
    ]) {
      assert.equal(scanObject(Buffer.from(text)), 'invalid', text)
    }
  })

  test('leaves to a parser what may be the protocol’s: keys with a dollar sign, written as it is or not', () => {
    for (const text of ['{"$seq":1}', '{"t":1,"\\u0024seq":1}', '{"\\u0061":1}'])
      assert.equal(scanObject(Buffer.from(text)), 'unsure')
  })

  test('leaves to a parser what nests deeper than 30, and overflows on nothing', () => {
    const nested = (depth: number) => Buffer.from(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
    assert.equal(scanObject(nested(30)), 'plain')
    assert.equal(scanObject(nested(31)), 'unsure')
    assert.equal(scanObject(Buffer.from(`{"a":${'['.repeat(1_000_000)}`)), 'unsure')
  })
})
