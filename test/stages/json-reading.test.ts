import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../src/core/connection.ts'
import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { json } from '../../src/stages/json.ts'
import { singleBodies } from '../../src/stages/json-bodies.ts'
import { forwardedReading, parsedReading } from '../../src/stages/json-reading.ts'
import { stepOf } from '../../src/testing.ts'
import { anyText, compactObject, damagedJson, jsonText } from './json-texts.ts'

/** The beginning of a numbered reading put before the members of an object, mostly one that is read without detours. */
const numbered = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('7', '0', '10000000', '999999999999999', '1234567890123456', '07', '-1', '', '1e3'), text)
    .map(([digits, of]) => `{"$seq":${digits},${of.slice(of.indexOf('{') + 1)}`)

const line = (text: fc.Arbitrary<string>) => fc.oneof(text, numbered(text))

/** What a line comes to, the value of a reading apart. */
function heard(parse: 'all' | 'keys', text: string): unknown {
  const up = stepOf(json({ parse }).open(new Connection({ id: 'c', pipeline: 'p' })).up)
  const heard: unknown[] = []
  try {
    up(text, {
      emit: (item) => heard.push(item.kind === 'telemetry' ? { ...item, value: undefined } : item),
      reply: (answer) => heard.push(answer),
      fail: (error, item) => heard.push(error.code, error.message, { ...(item as Telemetry), value: undefined }),
    })
  } catch (error) {
    heard.push((error as Error).message)
  }
  return heard
}

const sameWhicheverWay = (text: string) => assert.deepEqual(heard('keys', text), heard('all', text))

describe('a reading that is only looked through', () => {
  test('is accepted, refused and sent as one that is parsed, whatever JSON it is, numbered or not', () => {
    fc.assert(fc.property(line(jsonText), sameWhicheverWay), { numRuns: 4000 })
  })

  test('the same for objects without spaces, some of them no JSON', () => {
    fc.assert(fc.property(line(compactObject), sameWhicheverWay), { numRuns: 8000 })
  })

  test('the same for JSON with a damage', () => {
    fc.assert(fc.property(line(damagedJson), sameWhicheverWay), { numRuns: 8000 })
  })

  test('the same for any text', () => {
    fc.assert(fc.property(line(anyText), sameWhicheverWay), { numRuns: 6000 })
  })

  test('may nest as deep as one that is parsed', () => {
    for (const depth of [2, 3, 4, 29, 30, 31, 5000]) {
      for (const [open, close] of ['[]', ['{"a":', '}']] as const)
        sameWhicheverWay(`{"a":${open?.repeat(depth)}1${close?.repeat(depth)}}`)
    }
  })
})

describe('the usual reading', () => {
  test('is taken by both ways without detours, with the fields of any other telemetry in their order', () => {
    const fields = Object.keys(telemetry(Buffer.of()))
    for (const text of [
      '{}',
      '{"t":20.5,"ok":true,"x":"°"}',
      '{"$seq":7,"a":{"b":[1,null]}}',
      ' { "a" : "\\u00e9" } ',
    ]) {
      for (const usual of [parsedReading, forwardedReading])
        assert.deepEqual(Object.keys(usual(text, singleBodies) ?? {}), fields, text)
    }
  })

  test('is none that says something else than its number, or has it elsewhere or in another form', () => {
    for (const text of [
      '{"$ping":1}',
      '{"t":1,"$seq":7}',
      '{"$seq":7}',
      '{"$seq":"7","t":1}',
      '{"$seq":07,"t":1}',
      '{"$seq":7,"$properties":{}}',
      '{"$seq":7,"\\u0024seq":8}',
      '{"$seq":1234567890123456,"t":1}',
    ]) {
      for (const usual of [parsedReading, forwardedReading]) assert.equal(usual(text, singleBodies), undefined, text)
    }
  })
})
