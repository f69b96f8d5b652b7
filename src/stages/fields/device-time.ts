import { isExistingDay } from '../calendar.ts'
import { badField, type Field, valueAt } from './field.ts'

/** How a device writes a time: ISO 8601, or seconds or milliseconds since 1970 in UTC. */
export type TimeNotation = 'iso8601' | 'unixSeconds' | 'unixMilliseconds'

/** Every {@link TimeNotation}. */
export const timeNotations: readonly TimeNotation[] = ['iso8601', 'unixSeconds', 'unixMilliseconds']

/**
 * The time that a field says, undefined where it is missing. Seconds and milliseconds may be numbers, BigInts or texts of digits, with a
 * fraction; a text in ISO 8601 has a date and a time of day, and without a zone it is in UTC. A Date (of CBOR or MessagePack) and a
 * google.protobuf.Timestamp are what they are.
 *
 * Errors: `BAD_CONTENT` for anything else, and for years outside of 1970 to 9999.
 */
export function timeAt(frame: unknown, field: Field, as: TimeNotation): Date | undefined {
  const value = valueAt(frame, field)
  if (value === undefined) return undefined
  const time = new Date(millisecondsOf(value, as))
  if (time.getTime() >= 0 && time.getTime() < endOfYears) return time
  throw badField(field, `is not a time as ${as} says it`)
}

/** The year 10000 has a digit more than IoT Hub takes. */
const endOfYears = Date.UTC(10_000, 0)

function millisecondsOf(value: unknown, as: TimeNotation): number {
  if (value instanceof Date) return value.getTime()
  if (isTimestamp(value)) return Number(value.seconds) * 1000 + Math.floor(value.nanos / 1_000_000)
  if (as === 'iso8601') return typeof value === 'string' ? millisecondsOfText(value) : Number.NaN
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  if (!isNumber && !(typeof value === 'string' && /^\d{1,20}(\.\d{1,20})?$/.test(value))) return Number.NaN
  return Math.floor(Number(value) * (as === 'unixSeconds' ? 1000 : 1))
}

interface Timestamp {
  readonly seconds: bigint
  readonly nanos: number
}

function isTimestamp(value: unknown): value is Timestamp {
  const isOne = valueAt(value, '$typeName') === 'google.protobuf.Timestamp'
  return isOne && typeof valueAt(value, 'seconds') === 'bigint' && typeof valueAt(value, 'nanos') === 'number'
}

const iso8601 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?$/

function millisecondsOfText(text: string): number {
  const [, year, month, day, clock, zone = 'Z'] = iso8601.exec(text) ?? []
  if (!isExistingDay(Number(year), Number(month), Number(day))) return Number.NaN
  return Date.parse(`${year}-${month}-${day}T${clock}${zone.replace(/^(...)(\d\d)$/, '$1:$2')}`)
}
