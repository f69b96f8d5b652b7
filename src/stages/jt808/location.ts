import { momentShown } from '../calendar.ts'
import { array } from '../struct/array.ts'
import { bytes as blob, hex } from '../struct/blob.ts'
import { u8, u16, u32 } from '../struct/integers.ts'
import { scaled } from '../struct/scaled.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'

/** An additional item of a location, as it is sent. */
export interface LocationExtra {
  /** Such as `0x01`. */
  readonly id: string
  readonly hex: string
}

/** A location, 0x0200. */
export interface Location {
  /** 32 bits as hexadecimal digits. */
  readonly alarm_flags: string
  readonly status_flags: string
  readonly acc_on: boolean
  readonly positioned: boolean
  readonly latitude_deg: number
  readonly longitude_deg: number
  readonly altitude_m: number
  readonly speed_kmh: number
  /** 0 is north, clockwise. */
  readonly direction_deg: number
  /** As the terminal's clock says, in GMT+8 by the standard. */
  readonly device_time: string
  /** Null where the clock says no time. */
  readonly time_utc: string | null
  readonly extras: readonly LocationExtra[]
  /** Item 0x01. */
  readonly mileage_km?: number
  /** Bytes behind the last whole item, where there are any. */
  readonly rest_hex?: string
}

/**
 * The part of a location that each has.
 *
 * ```
 * 00 00 00 00 │ 00 00 00 03 │ 02 6C 93 6F │ 07 4C 79 4C │ 00 04 │ 00 63 │ 00 D7 │ 21 06 25 15 57 39 │ 01 04 … 30 01 …
 * alarms        status        latitude      longitude     m       km/h    °       time, GMT+8          {id, length, value}
 *                     └ bits 0 ACC, 1 positioned, 2 south, 3 west
 * ```
 * Source: JT/T 808-2013, table 23; 808-2019, table 23.
 */
const position = {
  alarm_flags: hex(4),
  status_flags: hex(4),
  latitude_deg: scaled(u32, { divideBy: 1e6, unit: 'deg' }),
  longitude_deg: scaled(u32, { divideBy: 1e6, unit: 'deg' }),
  altitude_m: scaled(u16, { unit: 'm' }),
  speed_kmh: scaled(u16, { divideBy: 10, unit: 'km/h' }),
  direction_deg: scaled(u16, { unit: 'deg' }),
  time: hex(6),
}

const items = { extras: array(struct('extra', { id: hex(1), value: blob(u8) }), rest) }

const positionFields = struct('position', position)

const extraFields = struct('extras', items)

/** A location with its items, for who shows its bytes. */
export const locationFields = struct('location', { ...position, ...items })

const accOn = 1
const isPositioned = 2
const isSouth = 4
const isWest = 8
const mileageId = '0x01'
/** The clock of a terminal runs by the time of China. */
const chinaOffsetMinutes = 8 * 60

/** Decodes a location. `BAD_CONTENT` where it is shorter than the 28 bytes that each has. */
export function decodeLocation(body: Buffer): Location {
  const { value, length } = positionFields.decodePrefix(body)
  const { alarm_flags, status_flags, altitude_m, speed_kmh, direction_deg, time } = value
  const status = Number.parseInt(status_flags, 16)
  const { extras, restHex } = decodeExtras(body.subarray(length))
  const mileage = extras.find(({ id, hex: digits }) => id === mileageId && digits.length === 8)
  return {
    alarm_flags,
    status_flags,
    acc_on: (status & accOn) !== 0,
    positioned: (status & isPositioned) !== 0,
    latitude_deg: signed(value.latitude_deg, (status & isSouth) !== 0),
    longitude_deg: signed(value.longitude_deg, (status & isWest) !== 0),
    altitude_m,
    speed_kmh,
    direction_deg,
    ...timesOf(time),
    extras,
    ...(mileage !== undefined && { mileage_km: Number.parseInt(mileage.hex, 16) / 10 }),
    ...(restHex !== '' && { rest_hex: restHex }),
  }
}

/**
 * Encodes a location. The signs of its coordinates and the state of ACC are the status flags', the mileage is an item of `extras`: what
 * the fields made of them say is not looked at. `BAD_CONTENT` for what the format cannot say.
 */
export function encodeLocation(location: Omit<Location, 'acc_on' | 'positioned' | 'time_utc'>): Buffer {
  const { alarm_flags, status_flags, altitude_m, speed_kmh, direction_deg, device_time, extras, rest_hex } = location
  const fixed = positionFields.encode({
    alarm_flags,
    status_flags,
    latitude_deg: Math.abs(location.latitude_deg),
    longitude_deg: Math.abs(location.longitude_deg),
    altitude_m,
    speed_kmh,
    direction_deg,
    time: device_time.replace(/^20|[-T:]/g, ''),
  })
  const additional = extras.map(({ id, hex: digits }) => ({ id: id.slice(2), value: Buffer.from(digits, 'hex') }))
  return Buffer.concat([fixed, extraFields.encode({ extras: additional }), Buffer.from(rest_hex ?? '', 'hex')])
}

/** The device's clock reading for a moment: the reverse of `time_utc`. */
export function deviceTimeOf(time: Date): string {
  return new Date(time.getTime() + chinaOffsetMinutes * 60_000).toISOString().slice(0, 19)
}

/**
 * Makers put items of their own here, with lengths that do not always fit: what follows the last whole one is kept as it is, since the
 * position is good.
 */
function decodeExtras(bytes: Buffer): { readonly extras: readonly LocationExtra[]; readonly restHex: string } {
  const extras: LocationExtra[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const end = at + 2 + (bytes[at + 1] as number)
    if (end > bytes.length) break
    extras.push({ id: `0x${bytes.toString('hex', at, at + 1)}`, hex: bytes.toString('hex', at + 2, end) })
    at = end
  }
  return { extras, restHex: bytes.toString('hex', at) }
}

function timesOf(digits: string): { readonly device_time: string; readonly time_utc: string | null } {
  const texts = digits.match(/../g) as string[]
  const [year, month, day, hour, minute, second] = texts
  const deviceTime = `20${year}-${month}-${day}T${hour}:${minute}:${second}`
  // Of digits over 9 it is no number.
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = texts.map(Number)
  const reading = { year: 2000 + years, month: months, day: days, hour: hours, minute: minutes, second: seconds }
  const moment = momentShown(reading, chinaOffsetMinutes)
  const utc = moment === undefined ? null : `${moment.toISOString().slice(0, 19)}Z`
  return { device_time: deviceTime, time_utc: utc }
}

/** No minus zero: JSON has none. */
function signed(degrees: number, negative: boolean): number {
  return negative && degrees !== 0 ? -degrees : degrees
}
