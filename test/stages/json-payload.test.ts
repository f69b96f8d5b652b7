import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { jsonPayload } from '../../src/stages/json-payload.ts'
import { thrownBy } from './refusals.ts'

const json = jsonPayload()
const decode = (text: string) => json.decode(Buffer.from(text))

describe('jsonPayload', () => {
  test('a frame is one JSON value of any kind', () => {
    for (const value of [{ t: 20.5 }, [1, 'a'], 'text', 7, null, true, '', '":{}\\"']) {
      assert.deepEqual(decode(JSON.stringify(value)), value)
      assert.equal(json.encode(value).toString(), JSON.stringify(value))
    }
  })

  test('the JSON body is the frame as it came, with digits that JavaScript cannot hold', () => {
    const frame = Buffer.from(' {"n" : 12345678901234567890 } ')
    assert.equal(json.jsonBody?.(json.decode(frame), frame), frame)
  })

  test('what is encoded decodes to the same value', () => {
    const value = fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' })
    fc.assert(fc.property(value, (each) => assert.deepEqual(json.decode(json.encode(each)), normal(each))))
  })

  for (const text of ['', 'zebra', '{"zebra":', '{"a":1}{"zebra":1}', '\ufeff{}', "{'zebra':1}", '{"a":1,}']) {
    test(`what is not JSON is refused without being quoted: ${text}`, () => {
      const { code, message } = thrownBy(() => decode(text))
      assert.equal(code, 'BAD_CONTENT')
      assert.doesNotMatch(message, /zebra/)
    })
  }

  test('what is not UTF-8 is refused', () => {
    assert.match(thrownBy(() => json.decode(Buffer.from('"\xff"', 'latin1'))).message, /not UTF-8/)
  })

  for (const text of ['{"a":1,"a":2}', '[{"b":{"a":1,"\\u0061":1}}]', '{"__proto__":1,"__proto__":2}']) {
    test(`a key twice is refused: ${text}`, () => {
      assert.match(thrownBy(() => decode(text)).message, /same key twice/)
    })
  }

  test('colons, brackets and quotes in texts are no members', () => {
    for (const text of ['{"a:":":","b\\"":"{[\\\\"}', '[":",{"\\\\":":"}]'])
      assert.deepEqual(decode(text), JSON.parse(text))
  })

  test('a key __proto__ is a member like any other', () => {
    const value = decode('{"__proto__":{"a":1}}') as object
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal(({} as { a?: unknown }).a, undefined)
  })

  test('64 brackets in one another are taken, one more is refused, and so are a million', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    decode(nested(64))
    for (const depth of [65, 1_000_000]) {
      assert.match(thrownBy(() => decode(nested(depth))).message, /nests deeper than 64/)
    }
  })

  test('any text over the alphabet of JSON gives what JSON.parse gives, or BAD_CONTENT', () => {
    const part = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', '"a"', '"b":', ' ', 'null', '-')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
        const text = parts.join('')
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          assert.equal(thrownBy(() => decode(text)).code, 'BAD_CONTENT')
          return
        }
        // Written again, a text with a key twice is shorter, whatever spaces it has.
        if (colons(JSON.stringify(expected)) < colons(text)) thrownBy(() => decode(text))
        else assert.deepEqual(decode(text), expected)
      }),
      { numRuns: 3000 },
    )
  })

  test('a value that JSON cannot say is a BUG', () => {
    const ring: unknown[] = []
    ring.push(ring)
    assert.equal(thrownBy(() => json.encode(ring)).code, 'BUG')
  })
})

/** Colons that end a key, in a text whose strings hold none. */
function colons(text: string): number {
  return text.replace(/"(\\.|[^"\\])*"/g, '').split(':').length
}

/** JSON has no -0. */
function normal(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
