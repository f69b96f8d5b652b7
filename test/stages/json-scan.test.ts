import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { scanObject } from '../../src/stages/json-scan.ts'

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

const space = fc.constantFrom('', '', '', ' ', '\t', '\r', '\n', '  ')

/** JSON in all its forms of writing. */
const { json } = fc.letrec<{ json: string; value: string; object: string; array: string; string: string }>((tie) => ({
  string: fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
        fc.constantFrom(
          '\\"',
          '\\\\',
          '\\/',
          '\\b',
          '\\f',
          '\\n',
          '\\r',
          '\\t',
          '\\u0024',
          '\\uD83D\\ude00',
          '$',
          'é',
          '\u{1f600}',
        ),
      ),
      { maxLength: 3 },
    )
    .map((parts) => `"${parts.join('')}"`),
  object: fc
    .array(fc.tuple(space, tie('string'), space, tie('value'), space), { maxLength: 4 })
    .map((members) => `{${members.map(([a, key, b, value, c]) => `${a}${key}${b}:${value}${c}`).join(',')}}`),
  array: fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
  value: fc
    .oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('true', 'false', 'null', '0', '-0', '1.5', '-12e+3', '1E-7', '0.00', '10', '9007199254740993'),
      tie('string'),
      tie('array'),
      tie('object'),
    )
    .chain((value) => fc.tuple(space, space).map(([before, after]) => `${before}${value}${after}`)),
  json: fc
    .tuple(space, fc.oneof({ weight: 5, arbitrary: tie('object') }, tie('value')), space)
    .map((parts) => parts.join('')),
}))

/** The same with something put in, taken out or changed. */
const damaged = fc
  .tuple(
    json,
    fc.nat(),
    fc.nat(2),
    fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      '+',
      't',
      'u',
      '\u0000',
      '\u001f',
      ' ',
      '$',
    ),
  )
  .map(([text, place, cut, put]) => {
    const at = place % (text.length + 1)
    return text.slice(0, at) + put + text.slice(at + cut)
  })

describe('scanObject', () => {
  test('accepts, refuses and knows protocol keys as JSON.parse does, where it is sure', () => {
    fc.assert(fc.property(json, assertAgrees), { numRuns: 3000 })
  })

  test('the same for JSON with a damage', () => {
    fc.assert(fc.property(damaged, assertAgrees), { numRuns: 6000 })
  })

  test('the same for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), assertAgrees))
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\0-.eE+ tfn$u') }), assertAgrees), {
      numRuns: 5000,
    })
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
