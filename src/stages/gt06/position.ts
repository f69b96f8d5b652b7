import { bit, bits, uintBits } from '../struct/bits.ts'
import { u8, u16, u24, u32 } from '../struct/integers.ts'
import { scaled } from '../struct/scaled.ts'
import { struct } from '../struct/struct.ts'
import { deviceTime, timeParts, timeText } from './device-time.ts'
import type { Gt06Cell, Gt06Position } from './messages.ts'

/**
 * The block that locations and alarms begin with, of 18 bytes.
 *
 * ```
 * 0B 08 1D 11 2E 10 │ CF               │ 02 7A C7 EB  0C 46 58 49 │ 00    │ 14 8F
 * time                └ length of this,  latitude     longitude     speed   bits 0–9 course, 10 north, 11 west, 12 fix,
 *                       satellites       ÷ 1,800,000                                13 differential
 * ```
 * Source: Concox GT06 v1.8.1, 5.2.1.
 */
export const position = struct('position', {
  device_time: deviceTime,
  gps: bits({ info_length: uintBits(4), satellites: uintBits(4) }),
  latitude_deg: scaled(u32, { divideBy: 1_800_000, unit: 'deg, north or south as course says' }),
  longitude_deg: scaled(u32, { divideBy: 1_800_000, unit: 'deg, east or west as course says' }),
  speed_kmh: scaled(u8, { unit: 'km/h' }),
  course: bits({
    others: uintBits(2),
    differential: bit,
    fix: bit,
    west: bit,
    north: bit,
    course_deg: uintBits(10),
  }),
})

/** Bytes of {@link position}. */
export const positionBytes = 18

type Position = ReturnType<typeof position.decode>

/** Types whose times are in UTC; the others have the terminal's own zone. Source: Concox JM-VL03 V1.1.2. */
const utcTypes: ReadonlySet<number> = new Set([0x22, 0x26, 0x27, 0xa0])

/** In the words of messages; `content` begins with the block. */
export function positionBody(value: Position, content: Buffer, type: number): Required<Gt06Position> {
  const { course, gps } = value
  return {
    device_time: timeText(value.device_time),
    time_basis: utcTypes.has(type) ? 'utc' : 'device clock',
    gps_info_length: gps.info_length,
    satellites: gps.satellites,
    latitude_deg: degrees(course.north ? value.latitude_deg : -value.latitude_deg),
    longitude_deg: degrees(course.west ? -value.longitude_deg : value.longitude_deg),
    speed_kmh: value.speed_kmh,
    course_deg: course.course_deg,
    fix: course.fix,
    differential: course.differential,
    course_status_hex: content.toString('hex', positionBytes - 2, positionBytes),
  }
}

/** The inverse of {@link positionBody}; `course_status_hex` holds, where it is there, against the fields that it shows. */
export function positionValue(body: Gt06Position): Position {
  const { course_status_hex, latitude_deg, longitude_deg } = body
  const course = {
    others: 0,
    differential: body.differential,
    fix: body.fix,
    west: longitude_deg < 0,
    north: latitude_deg >= 0,
    course_deg: body.course_deg,
  }
  return {
    device_time: timeParts(body.device_time),
    gps: { info_length: body.gps_info_length ?? 12, satellites: body.satellites },
    latitude_deg: Math.abs(latitude_deg),
    longitude_deg: Math.abs(longitude_deg),
    speed_kmh: body.speed_kmh,
    course: course_status_hex === undefined ? course : courseOf(course_status_hex),
  }
}

function courseOf(hex: string): Position['course'] {
  const word = Number.parseInt(hex, 16)
  return {
    others: word >> 14,
    differential: (word & 0x2000) !== 0,
    fix: (word & 0x1000) !== 0,
    west: (word & 0x0800) !== 0,
    north: (word & 0x0400) !== 0,
    course_deg: word & 0x03ff,
  }
}

/** Seven decimals are finer than what the wire can say; no minus zero. */
function degrees(number: number): number {
  return Number(number.toFixed(7)) + 0
}

/** A cell of 2G and 3G, 8 bytes. */
export const cell = struct('cell', { mcc: u16, mnc: u8, lac: u16, cell_id: u24 })

/** Bytes of {@link cell}. */
export const cellBytes = 8

/** The inverse of what {@link cell} decodes to. */
export function cellValue({ mcc, mnc, lac, cell_id }: Gt06Cell): ReturnType<typeof cell.decode> {
  return { mcc, mnc, lac, cell_id: Number(cell_id) }
}
