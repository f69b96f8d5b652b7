import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isoSeconds, utcDigits, utcTimeOf } from '../../../src/stages/queclink/utc-time.ts'

test('fourteen digits are a time in UTC', () => {
  assert.deepEqual(utcTimeOf('20090214093254'), new Date('2009-02-14T09:32:54Z'))
})

test('a day that does not exist, an hour too many, a digit too few or too many are no time', () => {
  const none = [
    '20090231000000',
    '20090214240000',
    '20090214093260',
    '2009021409325',
    '200902140932540',
    '',
    '0',
    '00000000000000',
  ]
  for (const digits of none) assert.equal(utcTimeOf(digits), undefined, digits)
})

test('the 29th of February is a day in leap years only', () => {
  assert.ok(utcTimeOf('20240229000000'))
  assert.equal(utcTimeOf('20230229000000'), undefined)
})

test('every second from year 1 to 9999 comes back as it was written', () => {
  const seconds = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(seconds, (time) => {
      const read = utcTimeOf(utcDigits(time))
      assert.equal(read?.getTime(), Math.floor(time.getTime() / 1000) * 1000)
      assert.equal(isoSeconds(time), isoSeconds(read as Date))
    }),
  )
})
