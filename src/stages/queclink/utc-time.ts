/** Queclink's time in UTC, `YYYYMMDDHHMMSS`; undefined for what is no such time, be it that a digit is missing or that there is no such day. */
export function utcTimeOf(digits: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second] = parts
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const time = new Date(iso)
  // The 31st of February becomes a day in March for some engines, and no date for others.
  return !Number.isNaN(time.getTime()) && time.toISOString() === iso ? time : undefined
}

/** A time as {@link utcTimeOf} reads it; fractions of a second are cut off. */
export function utcDigits(time: Date): string {
  return time.toISOString().slice(0, 19).replace(/\D/g, '')
}

/** A time as bodies have it: ISO 8601 in UTC, in seconds, as devices tell no fractions. */
export function isoSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}
