/** What a clock with a calendar shows, in numbers: the month from 1, `millisecond` 0 where it is left out. */
export interface ClockReading {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond?: number
}

/** Whether the calendar has such a day; years 1 to 9999, others have another number of digits or stand before the first. */
export function isExistingDay(year: number, month: number, day: number): boolean {
  return momentShown({ year, month, day, hour: 0, minute: 0, second: 0 }) !== undefined
}

/**
 * When a clock that is `offsetMinutes` before UTC shows this; undefined where none ever does (30 February, 24 o'clock, the 60th second), and
 * for years before 1 or after 9999, be it there or in UTC: IoT Hub takes no such time, and a clock that was never set has year 0.
 */
export function momentShown(reading: ClockReading, offsetMinutes = 0): Date | undefined {
  const { year, month, day, hour, minute, second, millisecond = 0 } = reading
  const shown = new Date(0)
  // Not as arguments of Date.UTC: that takes the year 50 for 1950.
  shown.setUTCFullYear(year, month - 1, day)
  shown.setUTCHours(hour, minute, second, millisecond)
  // What is too much of one Date takes for more of the next.
  const isShown =
    shown.getUTCFullYear() === year &&
    shown.getUTCMonth() + 1 === month &&
    shown.getUTCDate() === day &&
    shown.getUTCHours() === hour &&
    shown.getUTCMinutes() === minute &&
    shown.getUTCSeconds() === second &&
    shown.getUTCMilliseconds() === millisecond
  const moment = new Date(shown.getTime() - offsetMinutes * 60_000)
  return isShown && hasFourDigits(shown) && hasFourDigits(moment) ? moment : undefined
}

function hasFourDigits(date: Date): boolean {
  const year = date.getUTCFullYear()
  return year >= 1 && year <= 9999
}
