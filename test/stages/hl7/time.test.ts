import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hl7Time, utcOf } from '../../../src/stages/hl7/time.ts'

test('a time with a zone is a moment, whatever its precision', () => {
  for (const [text, utc] of [
    ['20120918173931-0500', '2012-09-18T22:39:31.000Z'],
    ['20120918173931.25+0130', '2012-09-18T16:09:31.250Z'],
    ['20120918173931.9999+0000', '2012-09-18T17:39:31.999Z'],
    ['20120229235959-2359', '2012-03-01T23:58:59.000Z'],
    ['201209181739+0000', '2012-09-18T17:39:00.000Z'],
    ['2012091817+0000', '2012-09-18T17:00:00.000Z'],
    ['20120918+0000', '2012-09-18T00:00:00.000Z'],
    ['201209+0000', '2012-09-01T00:00:00.000Z'],
    ['2012+0000', '2012-01-01T00:00:00.000Z'],
  ] as const) {
    assert.equal(utcOf(text)?.toISOString(), utc, text)
  }
})

test('a time without a zone, or that is none, is no moment', () => {
  for (const text of [
    '',
    '20120918173931',
    '20121318173931+0000',
    '2012091817393-0500',
    'x20120918+0000',
    '20120918+00',
    '20120230000000+0000',
    '20110229+0000',
    '20120918240000+0000',
    '20120918006000+0000',
    '20120918000060+0000',
    '20120918000000+2400',
    '20120918000000+0060',
    '00001231000000+0000',
    '00010101000000+0100',
    '99991231235959-0100',
  ]) {
    assert.equal(utcOf(text), undefined, text)
  }
})

test('a date is written to the second, in UTC', () => {
  const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  fc.assert(
    fc.property(dates, (date) => {
      assert.equal(utcOf(`${hl7Time(date)}+0000`)?.getTime(), Math.floor(date.getTime() / 1000) * 1000)
    }),
  )
})
