import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Secret } from '../../src/core/secret.ts'
import { jsonText } from '../../src/stages/json-text.ts'
import { thrownBy } from './refusals.ts'

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

describe('jsonText', () => {
  test('what JSON.stringify can say is said in the same words', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        assert.equal(jsonText(value), JSON.stringify(value))
      }),
    )
  })

  const own: readonly [string, unknown, string][] = [
    [
      'bytes are base64',
      { raw: Buffer.of(1, 2), view: Uint8Array.of(9, 1, 2, 9).subarray(1, 3) },
      '{"raw":"AQI=","view":"AQI="}',
    ],
    ['no bytes are an empty text', Buffer.alloc(0), '""'],
    [
      'a BigInt is a number with all its digits',
      [2n ** 64n, -(2n ** 63n)],
      '[18446744073709551616,-9223372036854775808]',
    ],
    ['a Date is ISO 8601 in UTC', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['NaN and the infinities are null', [Number.NaN, Number.POSITIVE_INFINITY], '[null,null]'],
    [
      'undefined is null in a list and is left out as a member',
      { a: undefined, b: [undefined], c: 1 },
      '{"b":[null],"c":1}',
    ],
    ['undefined alone is null', undefined, 'null'],
    ['a secret is not shown', { key: new Secret('c2VjcmV0') }, '{"key":"[secret]"}'],
    ['a member called __proto__ is one like any other', JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
  ]
  for (const [name, value, text] of own) test(name, () => assert.equal(jsonText(value), text))

  test('what nests 64 deep is said, one deeper is refused, and so is what holds itself', () => {
    assert.equal(jsonText(nested(65)).length, 2 * 65 + 1)
    assert.match(thrownBy(() => jsonText(nested(66))).message, /nests deeper than 64/)
    const ring: unknown[] = []
    ring.push(ring)
    assert.equal(thrownBy(() => jsonText(ring)).code, 'BAD_CONTENT')
  })

  test('a date that is none is refused', () => {
    assert.equal(thrownBy(() => jsonText({ at: new Date(Number.NaN) })).code, 'BAD_CONTENT')
  })
})
