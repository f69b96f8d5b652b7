import { momentShown } from '../calendar.ts'

/** Queclink's time in UTC, `YYYYMMDDHHMMSS`; undefined for what is no such time, be it that a digit is missing or that there is no such day. */
export function utcTimeOf(digits: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return momentShown({ year, month, day, hour, minute, second })
}

/** A time as {@link utcTimeOf} reads it; fractions of a second are cut off. */
export function utcDigits(time: Date): string {
  return time.toISOString().slice(0, 19).replace(/\D/g, '')
}

/** A time as bodies have it: ISO 8601 in UTC, in seconds, as devices tell no fractions. */
export function isoSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}
