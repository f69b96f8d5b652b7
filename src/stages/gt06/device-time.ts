import { GatewayError } from '../../core/errors.ts'
import { momentShown } from '../calendar.ts'
import { u8 } from '../struct/integers.ts'
import { struct } from '../struct/struct.ts'

/**
 * Six bytes: year − 2000, month, day, hour, minute, second. Not as a date: a terminal whose clock is not set sends zeros, and its alarm
 * must not be lost for that.
 */
export const deviceTime = struct('deviceTime', { year: u8, month: u8, day: u8, hour: u8, minute: u8, second: u8 })

type DeviceTime = ReturnType<typeof deviceTime.decode>

/** As `2011-08-29T17:46:16`. */
export function timeText({ year, month, day, hour, minute, second }: DeviceTime): string {
  const two = (number: number) => String(number).padStart(2, '0')
  return `${2000 + year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`
}

/** The inverse of {@link timeText}. Throws `BAD_CONTENT` for a text that is none. */
export function timeParts(text: string): DeviceTime {
  const parts = /^(\d{4})-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.000)?Z?$/.exec(text)
  if (parts === null) throw new GatewayError('BAD_CONTENT', 'a device_time is not like 2011-08-29T17:46:16')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return { year: year - 2000, month, day, hour, minute, second }
}

/** The moment that a clock so far before UTC shows as `text`; undefined where that is no date. */
export function momentOf(text: string, offsetMinutes: number): Date | undefined {
  const { year, ...rest } = timeParts(text)
  return momentShown({ year: 2000 + year, ...rest }, offsetMinutes)
}
