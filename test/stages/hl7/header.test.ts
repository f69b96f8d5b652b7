import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  componentsOf,
  faultOf,
  fieldOf,
  type Hl7Header,
  longestHeader,
  readHeader,
} from '../../../src/stages/hl7/header.ts'
import { type HeaderFields, message } from './messages.ts'

const read = (fields: HeaderFields = {}): Hl7Header => {
  const header = readHeader(message(fields, ['PID', '1']).toString('latin1'))
  assert.ok(header !== undefined)
  return header
}

describe('the header of a message', () => {
  test('gives fields by their number, and nothing for those beyond its end', () => {
    const header = read()
    assert.deepEqual(
      [1, 2, 3, 8, 10, 12, 99].map((number) => fieldOf(header, number)),
      ['|', '^~\\&', 'MONITOR-7', '', 'M1', '2.5.1', ''],
    )
    assert.equal(faultOf(header), undefined)
  })

  test('may have any delimiters: the fourth byte separates fields, MSH-2 has the others', () => {
    const header = read({ 1: '^', 2: '~|\\&', 9: 'ADT~A24' })
    assert.deepEqual([header.fieldSeparator, header.encodingCharacters], ['^', '~|\\&'])
    assert.deepEqual(componentsOf(header, fieldOf(header, 9)), ['ADT', 'A24'])
    assert.equal(faultOf(header), undefined)
    for (const characters of ['^', '^~}', '^~\\&#'])
      assert.equal(faultOf(read({ 2: characters })), undefined, characters)
  })

  test('ends with the first CR or LF', () => {
    assert.equal(readHeader('MSH|^~\\&|A\nPID|1')?.fields[3], 'A')
    assert.equal(readHeader('MSH|^~\\&|A\rPID|\n')?.fields[3], 'A')
  })

  for (const [why, fields] of [
    ['MSH-2', { 2: '' }],
    ['MSH-2', { 2: '^~\\&#!' }],
    ['MSH-2', { 2: '^a' }],
    ['MSH-2', { 2: '^ ' }],
    ['twice', { 2: '^^' }],
    ['MSH-9', { 9: '' }],
    ['MSH-10', { 10: '' }],
    ['MSH-12', { 12: '3.0' }],
    ['MSH-12', { 12: '2.5x' }],
  ] as const) {
    test(`cannot be taken with ${JSON.stringify(fields)}, and the reason names ${why}`, () => {
      assert.match(faultOf(read(fields)) ?? '', new RegExp(why))
    })
  }

  test('may have a version of any HL7 2, with more components, or none', () => {
    for (const version of ['2', '2.1', '2.3.1', '2.9', '2.5^USA', '2.3 ', ''])
      assert.equal(faultOf(read({ 12: version })), undefined)
  })

  test('whose MSH-1 is no delimiter is a header still, which cannot be taken', () => {
    for (const separator of ['x', '7', ' ', '\x80']) {
      const header = readHeader(`MSH${separator}^~\\&${separator}A`)
      assert.equal(header?.fieldSeparator, '|')
      assert.match(faultOf(header as Hl7Header) ?? '', /MSH-2/)
    }
  })

  test('with another name is told as damaged where there are fields enough to be answered', () => {
    const text = message().toString().replace('MSH', 'NSH')
    const header = readHeader(text)
    assert.equal(header?.fields[10], 'M1')
    assert.match(faultOf(header as Hl7Header) ?? '', /MSH/)
  })

  test('is not seen in anything else', () => {
    for (const text of ['', 'M', 'hello', 'msg\rmsg', 'MS|^~\\&', 'PID|1|2|3', '\x00\x01\x02\x03']) {
      assert.equal(readHeader(text), undefined, JSON.stringify(text))
    }
    assert.equal(readHeader('MSH')?.name, 'MSH')
  })

  test(`of over ${longestHeader} bytes is none`, () => {
    const longest = `MSH|^~\\&|${'a'.repeat(longestHeader - 9)}`
    assert.ok(readHeader(longest) !== undefined)
    assert.equal(readHeader(`${longest}a`), undefined)
  })

  test('whatever it holds, its fault quotes nothing of it', () => {
    const zebra = fc.constantFrom('zebra', '', 'zebra^zebra', '2.4zebra')
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('2', '9', '10', '12'), zebra), (fields) => {
        assert.doesNotMatch(faultOf(read(fields as HeaderFields)) ?? '', /zebra/)
      }),
    )
  })

  test('any text gives a header or none, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, begun) => {
        const header = readHeader(begun ? `MSH${text}` : text)
        if (header !== undefined) faultOf(header)
      }),
    )
  })
})
