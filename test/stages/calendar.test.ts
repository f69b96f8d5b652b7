import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ClockReading, isExistingDay, momentShown } from '../../src/stages/calendar.ts'

const midnight = { hour: 0, minute: 0, second: 0 }

test('every moment of the years 1 to 9999 is when a clock that shows it shows it, whatever its offset', () => {
  const moments = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true })
  fc.assert(
    fc.property(moments, fc.integer({ min: -840, max: 840 }), (moment, offset) => {
      const shown = new Date(moment.getTime() + offset * 60_000)
      const reading = {
        year: shown.getUTCFullYear(),
        month: shown.getUTCMonth() + 1,
        day: shown.getUTCDate(),
        hour: shown.getUTCHours(),
        minute: shown.getUTCMinutes(),
        second: shown.getUTCSeconds(),
        millisecond: shown.getUTCMilliseconds(),
      }
      assert.equal(momentShown(reading, offset)?.getTime(), moment.getTime())
      assert.ok(isExistingDay(reading.year, reading.month, reading.day))
    }),
  )
})

test('any reading is the moment whose text in ISO 8601 has its very numbers, or none', () => {
  const near = (min: number, max: number) => fc.integer({ min: min - 2, max: max + 3 })
  const readings = fc.record({
    year: fc.oneof(near(0, 3), near(1970, 2030), near(9997, 10_000)),
    month: near(1, 12),
    day: near(1, 31),
    hour: near(0, 23),
    minute: near(0, 59),
    second: near(0, 59),
    millisecond: near(0, 999),
  })
  const padded = (number: number, width: number) => String(number).padStart(width, '0')
  fc.assert(
    fc.property(readings, ({ year, month, day, hour, minute, second, millisecond }) => {
      const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
      const text = `${date}T${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(millisecond, 3)}Z`
      const parsed = new Date(text)
      const exists = !Number.isNaN(parsed.getTime()) && parsed.toISOString() === text && year >= 1
      const moment = momentShown({ year, month, day, hour, minute, second, millisecond })
      assert.equal(moment?.toISOString(), exists ? text : undefined)
    }),
  )
})

test('what no clock ever shows is no moment', () => {
  const first: ClockReading = { year: 2024, month: 2, day: 29, ...midnight }
  assert.equal(momentShown(first)?.toISOString(), '2024-02-29T00:00:00.000Z')
  const never: Partial<ClockReading>[] = [
    { year: 2023 },
    { day: 30 },
    { day: 0 },
    { month: 0 },
    { month: 13 },
    { hour: 24 },
    { minute: 60 },
    { second: 60 },
    { millisecond: 1000 },
    { day: 1.5 },
    { year: Number.NaN },
  ]
  for (const each of never) assert.equal(momentShown({ ...first, ...each }), undefined, JSON.stringify(each))
  assert.equal(isExistingDay(1900, 2, 29), false)
  assert.equal(isExistingDay(2000, 2, 29), true)
})

test('years 0 and 10000 are none, be they of the clock or of UTC', () => {
  assert.equal(momentShown({ year: 0, month: 12, day: 31, ...midnight }, -1440), undefined)
  assert.equal(momentShown({ year: 1, month: 1, day: 1, ...midnight }, 1), undefined)
  assert.equal(momentShown({ year: 9999, month: 12, day: 31, ...midnight }, -1440), undefined)
  assert.equal(momentShown({ year: 10_000, month: 1, day: 1, ...midnight }, 1440), undefined)
  assert.equal(momentShown({ year: 50, month: 1, day: 1, ...midnight })?.toISOString(), '0050-01-01T00:00:00.000Z')
})
