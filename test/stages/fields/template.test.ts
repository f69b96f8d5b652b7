import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { lineTemplates, valueTemplates } from '../../../src/stages/fields/template.ts'
import { thrownBy } from '../refusals.ts'

const ofLines = (template: string, values: Record<string, unknown>) =>
  lineTemplates('p: o', template, ['a', 'b'])(values)?.toString()

/** The value that a template becomes, before it is encoded. */
function ofValues(template: unknown, values: Record<string, unknown>): unknown {
  const seen: unknown[] = []
  const keep = (value: unknown) => {
    seen.push(value)
    return Buffer.alloc(0)
  }
  valueTemplates(keep)('p: o', template, ['a', 'b'])(values)
  return seen[0]
}

test('a line has its names replaced; other braces stand for themselves', () => {
  assert.equal(ofLines('ACK {a}', { a: 7 }), 'ACK 7')
  assert.equal(ofLines('{"ack":{a},"{b}":true}', { a: 2n ** 64n, b: 'x' }), '{"ack":18446744073709551616,"x":true}')
  assert.equal(ofLines('{a}', { a: '{b}', b: 1 }), '{b}')
  assert.equal(ofLines('OK', {}), 'OK')
})

test('a template that needs what has no value says nothing', () => {
  assert.equal(ofLines('{a}{b}', { a: 1 }), undefined)
  for (const template of [{ x: ['{b}'] }, '{b}', 'b is {b}']) assert.equal(ofValues(template, { a: 1 }), undefined)
})

test('a value keeps its type, within a text it is text, and keys are never names', () => {
  const bytes = Buffer.of(1)
  assert.deepEqual(ofValues({ ack: '{a}', '{a}': [1, null, 'n {a}', '{b}'] }, { a: 7n, b: bytes }), {
    ack: 7n,
    '{a}': [1, null, 'n 7', bytes],
  })
  assert.deepEqual(ofValues(JSON.parse('{"__proto__":"{a}"}'), { a: 7 }), JSON.parse('{"__proto__":7}'))
  assert.equal(ofValues(7, {}), 7)
  assert.deepEqual(ofValues(bytes, {}), bytes)
})

test('whatever a device sends, a line to it is one line or BAD_CONTENT', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.anything()), (a) => {
      try {
        assert.doesNotMatch(ofLines('ACK {a}!', { a }) ?? '', /[\r\n]/)
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT', `${thrown}`)
      }
    }),
  )
  for (const a of ['1\nACK 2', '1\r', '1\u0000', '\u0085', '\u2028', {}, [1], new Date(0), Buffer.of(0xff)]) {
    assert.equal(thrownBy(() => ofLines('ACK {a}', { a })).code, 'BAD_CONTENT')
  }
  assert.equal(ofLines('{a}', { a: 'tab\tis fine' }), 'tab\tis fine')
})

test('a template that cannot work is named', () => {
  const ring: unknown[] = []
  ring.push(ring)
  const wrong: readonly [() => unknown, RegExp][] = [
    [() => ofLines('{c}', {}), /^p: o has \{c\}, but may have \{a\}, \{b\} in braces$/],
    [() => lineTemplates('p: o', '{c}', []), /may have nothing in braces$/],
    [() => ofLines('a\nb', {}), /^p: o must have no line breaks or control characters, not 'a\\nb'$/],
    [() => ofValues({ x: ['{c}'] }, {}), /^p: o has \{c\}/],
    [() => ofValues({ x: undefined }, {}), /^p: o must be a value that can be sent, not undefined$/],
    [() => ofValues(ring, {}), /^p: o nests deeper than 64$/],
  ]
  for (const [call, message] of wrong) {
    const error = thrownBy(call)
    assert.equal(error.code, 'CONFIGURATION')
    assert.match(error.message, message)
  }
})
