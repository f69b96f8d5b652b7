import { momentShown } from '../calendar.ts'

/**
 * An HL7 time that names its zone, `YYYY[MM[DD[HH[MM[SS[.S…]]]]]]±ZZZZ`; undefined for any other, since whose local time it is, it does
 * not say, and for what no clock ever shows. Fractions of a millisecond are cut off.
 */
export function utcOf(text: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.(\d{1,4}))?([+-])([01]\d|2[0-3])([0-5]\d)$/.exec(text)
  if (parts === null) return undefined
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', ...zone] = parts
  const [sign, zoneHours, zoneMinutes] = zone
  const offsetMinutes = Number(zoneHours) * 60 + Number(zoneMinutes)
  const reading = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    millisecond: Number(fraction.slice(0, 3).padEnd(3, '0')),
  }
  return momentShown(reading, sign === '-' ? -offsetMinutes : offsetMinutes)
}

/** A date as an HL7 time to the second, in UTC: `YYYYMMDDHHMMSS`. */
export function hl7Time(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14)
}
