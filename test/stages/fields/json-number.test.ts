import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isJsonNumber, jsonNumber } from '../../../src/stages/fields/json-number.ts'

test('a number keeps its digits and loses what JSON does not write', () => {
  for (const [text, number] of [
    ['7', '7'],
    ['007', '7'],
    ['0', '0'],
    ['000', '0'],
    ['+5', '5'],
    ['-0', '-0'],
    ['-007.50', '-7.50'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['5.e3', '5e3'],
    ['1E+5', '1e+5'],
    ['18446744073709551616', '18446744073709551616'],
    ['20.12345678901234567890', '20.12345678901234567890'],
    ['1e-999', '1e-999'],
  ]) {
    assert.equal(jsonNumber(text as string), number, text)
  }
})

test('what is no number, or one that nobody can hold, is none', () => {
  for (const text of [
    '',
    '.',
    '+',
    '-',
    'e5',
    '1e',
    '1e+',
    '0x10',
    '1_000',
    '1,5',
    ' 1',
    '1 ',
    '1e999',
    '-1e999',
    'NaN',
    'Infinity',
    '٣',
    '9'.repeat(400),
  ]) {
    assert.equal(jsonNumber(text), undefined, text)
    assert.equal(isJsonNumber(text), false, text)
  }
})

test('a text is a number of JSON where JSON writes it so', () => {
  for (const text of ['7', '-7', '0', '-0', '7.50', '1e5', '1E-5', '18446744073709551616'])
    assert.ok(isJsonNumber(text), text)
  for (const text of ['007', '+7', '7.', '.7', '-', '00']) assert.ok(!isJsonNumber(text), text)
})

test('whatever the text: the result is JSON of the same number; and what JSON writes is kept as it is', () => {
  const digits = fc.stringMatching(/^[0-9+\-.eE ]{0,12}$/)
  fc.assert(
    fc.property(fc.oneof(digits, fc.string(), fc.double().map(String), fc.bigInt().map(String)), (text) => {
      const number = jsonNumber(text)
      if (number !== undefined) assert.equal(JSON.parse(number), Number(text))
      if (isJsonNumber(text)) assert.equal(number?.toLowerCase(), text.toLowerCase())
    }),
  )
})
