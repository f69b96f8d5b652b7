import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { withoutProtocolMembers } from '../../src/stages/json-members.ts'

/** Whitespace as JSON allows it between tokens. */
const space = fc.constantFrom('', '', '', ' ', '\t', ' \r\n ')

/** The text of a value, with digits that JavaScript would not keep. */
const valueText = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      '12345678901234567890',
      '1.10',
      '-0',
      '1e400',
      'true',
      'null',
      '""',
      '"}"',
      '"\\\\"',
      '"\\",\\"$a\\":"',
    ),
    fc.json(),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .tuple(
      space,
      fc.array(fc.tuple(fc.constantFrom('"$seq"', '"a"', '"}"'), space, tie('value'), space), { maxLength: 3 }),
    )
    .map(([gap, members]) => `{${gap}${members.map(([key, a, value, b]) => `${key}${a}:${value}${b}`).join(',')}}`),
  array: fc
    .tuple(space, fc.array(tie('value'), { maxLength: 3 }), space)
    .map(([a, values, b]) => `[${a}${values.join(`${b},${a}`)}${b}]`),
})).value

/** A key as JSON text, often the protocol's, often with an escape. */
const keyText = fc.oneof(
  fc.constantFrom('"$seq"', '"\\u0024seq"', '"$"', '"\\u0024"', '"\\\\$a"', '"\\u0041$"', '"__proto__"', '""', '"a$b"'),
  fc.string().map((key) => JSON.stringify(key)),
)

const member = fc.record({ before: space, key: keyText, colon: space, padding: space, value: valueText, after: space })

describe('withoutProtocolMembers', () => {
  test('members whose key begins with $ go, the others stay byte for byte and in order', () => {
    const cases: [string, string][] = [
      ['{"$seq":7,"t":20.5}', '{"t":20.5}'],
      ['{"t":12345678901234567890,"$seq":7,"u":1.10}', '{"t":12345678901234567890,"u":1.10}'],
      ['{"$seq":7}', '{}'],
      ['{}', '{}'],
      [' { } ', '{}'],
      ['{"\\u0024seq":7,"a":1}', '{"a":1}'],
      ['{"\\\\$a":1}', '{"\\\\$a":1}'],
      ['{"a":{"$seq":1},"b":[{"$x":"}"}]}', '{"a":{"$seq":1},"b":[{"$x":"}"}]}'],
      ['{"$properties":{"a":"}"},"b":"{"}', '{"b":"{"}'],
      ['{"a":1,"$seq":1,"a":2}', '{"a":1,"a":2}'],
      ['{"$seq":1,"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
      ['\t{ "a" : [ 1 , 2 ] , "$b" : 2 , "c" : "\\"" }\r', '{"a" : [ 1 , 2 ],"c" : "\\""}'],
      ['{"":1,"$":2}', '{"":1}'],
    ]
    for (const [text, kept] of cases) assert.equal(withoutProtocolMembers(text), kept)
  })

  test('of any object the members that are not the protocol’s stay as their own text, and parse to the same', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), space, (members, end) => {
        const text = `${end}{${members
          .map(({ before, key, colon, padding, value, after }) => `${before}${key}${colon}:${padding}${value}${after}`)
          .join(',')}}${end}`
        const parsed = JSON.parse(text) as Record<string, unknown>
        const kept = withoutProtocolMembers(text)
        const expected = members
          .filter(({ key }) => !(JSON.parse(key) as string).startsWith('$'))
          .map(({ key, colon, padding, value }) => `${key}${colon}:${padding}${value}`)
        assert.equal(kept, `{${expected.join(',')}}`)
        for (const key of Object.keys(parsed)) if (key.startsWith('$')) delete parsed[key]
        assert.deepEqual(JSON.parse(kept), parsed)
      }),
      { numRuns: 500 },
    )
  })

  test('the time it takes is linear by construction: a member is passed over once, whatever it nests', () => {
    const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    assert.equal(withoutProtocolMembers(`{"$seq":${nested},"a":${nested}}`), `{"a":${nested}}`)
  })
})
