import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { csvPayload } from '../../src/stages/csv-payload.ts'
import { thrownBy } from './refusals.ts'

const csv = csvPayload({ columns: ['id', 'place', 't'], numbers: ['t'] })
const decode = (line: string) => csv.decode(Buffer.from(line))

describe('csvPayload', () => {
  test('the drawing of its comment, both ways', () => {
    const line = 'd1,"hall, east",20.5'
    assert.deepEqual(decode(line), { id: 'd1', place: 'hall, east', t: 20.5 })
    assert.equal(csv.encode({ id: 'd1', place: 'hall, east', t: 20.5 }).toString(), line)
  })

  const examples: readonly [string, string, unknown][] = [
    ['fields without quotes, spaces and all', ' d1,,-1e3', { id: ' d1', place: '', t: -1000 }],
    ['a number that is not there is null', 'd1,hall,', { id: 'd1', place: 'hall', t: null }],
    ['a quote in a quoted field is doubled', 'd1,"a ""b""",1', { id: 'd1', place: 'a "b"', t: 1 }],
    ['a quoted field may hold a line break', 'd1,"a\nb",1', { id: 'd1', place: 'a\nb', t: 1 }],
    ['a line break behind the line is none of it', 'd1,hall,1\r\n', { id: 'd1', place: 'hall', t: 1 }],
  ]
  for (const [name, line, value] of examples) test(name, () => assert.deepEqual(decode(line), value))

  const refused: readonly [string, string, RegExp][] = [
    ['nothing', '', /has 1 fields where there are 3 columns/],
    ['a field too few', 'zebra,1', /has 2 fields/],
    ['a field too many', 'a,b,1,zebra', /has 4 fields/],
    ['a quoted field too many', 'a,"b",1,zebra', /has 4 fields/],
    ['a number that is none', 'a,b,zebra', /field 3 of a line is not a number/],
    ['a number in hex', 'a,b,0x10', /field 3 of a line is not a number/],
    ['a number that is not finite', 'a,b,1e999', /field 3 of a line is not a number/],
    ['a quote that does not end', 'a,"zebra,1', /not a line of CSV/],
    ['a quote in the middle of a field', 'a,ze"bra,1', /not a line of CSV/],
    ['text behind a quote', 'a,"ze"bra,1', /not a line of CSV/],
    ['two lines', 'a,b,1\na,b,1', /is 2 lines of CSV/],
  ]
  for (const [name, line, message] of refused) {
    test(`${name} is refused without being quoted`, () => {
      const error = thrownBy(() => decode(line))
      assert.equal(error.code, 'BAD_CONTENT')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /zebra/)
    })
  }

  test('what is not UTF-8 is refused', () => {
    assert.match(thrownBy(() => csv.decode(Buffer.of(0xff))).message, /not UTF-8/)
  })

  test('what is encoded decodes to the same value, whatever separates', () => {
    const text = fc
      .array(fc.constantFrom('a', '"', ',', ';;', ';', '\n', '\r', ' ', 'ü', '\ufeff'))
      .map((each) => each.join(''))
    const value = fc.record({
      id: text,
      place: text,
      t: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    })
    fc.assert(
      fc.property(value, fc.constantFrom(',', ';', ';;', '\t'), ({ id, place, t }, separator) => {
        const format = csvPayload({ columns: ['id', 'place', 't'], numbers: ['t'], separator })
        const fields = { id, place, t: t === null ? null : t + 0 }
        assert.deepEqual(format.decode(format.encode(fields)), fields)
      }),
    )
  })

  test('a line with quotes gives the fields that it gives without them', () => {
    const field = fc.array(fc.constantFrom('a', ' ', '1')).map((each) => each.join(''))
    fc.assert(
      fc.property(fc.tuple(field, field, fc.integer()), ([id, place, t]) => {
        assert.deepEqual(decode(`"${id}","${place}","${t}"`), decode(`${id},${place},${t}`))
      }),
    )
  })

  test('a value without one of the columns, with others, or with other types is a BUG', () => {
    const ofAnyShape = csv as { encode(value: unknown): Buffer }
    for (const value of [
      { id: 'a', place: 'b' },
      { id: 'a', place: 'b', t: 1, u: 2 },
      { id: 'a', place: 'b', u: 2 },
      { id: 'a', place: 'b', t: {} },
      { id: 'a', place: 'b', t: Number.NaN },
      null,
    ]) {
      assert.equal(thrownBy(() => ofAnyShape.encode(value)).code, 'BUG')
    }
  })

  test('options out of range are named', () => {
    const options = [
      [{ columns: [] }, /columns/],
      [{ columns: ['a', 'a'] }, /columns.*a,a/],
      [{ columns: ['a'], separator: '' }, /separator/],
      [{ columns: ['a'], separator: '"' }, /separator/],
      [{ columns: ['a'], separator: '\n' }, /separator/],
      [{ columns: ['a'], numbers: ['b'] }, /numbers has 'b'/],
    ] as const
    for (const [each, message] of options) {
      const error = thrownBy(() => csvPayload(each))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, message)
    }
  })
})
