import { bit, bits, uintBits } from '../struct/bits.ts'
import { bytes } from '../struct/blob.ts'
import { is } from '../struct/condition.ts'
import { either } from '../struct/either.ts'
import { u8, u16, u24, u32, uint } from '../struct/integers.ts'
import { scaled } from '../struct/scaled.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { calendar } from '../struct/time.ts'
import { on, union } from '../struct/union.ts'

const position = {
  device_time: calendar({ digits: 'binary' }),
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
}

const cell = struct('cell', { mcc: u16, mnc: u8, lac: u16, cell_id: u24 })

const cell4g = struct('cell', {
  network: bits({ wide_mnc: bit, mcc: uintBits(15) }),
  mnc: either(is('network.wide_mnc', true), u16, u8),
  lac: u32,
  cell_id: uint(8),
})

const state = { acc: u8, upload_mode: u8, reupload: u8 }

/**
 * Locations of GT06 trackers (Concox, Jimi): type, content and serial of a frame, without its start, length, CRC and end.
 *
 * ```
 * 12 │ 0B 08 1D 11 2E 10  CF  02 7A C7 EB  0C 46 58 49  00  14 8F │ 01 CC 00 28 7D 00 1F B8 │ 00 03
 * type time               │   latitude     longitude    spd course│ mcc  mnc lac   cell      │ serial
 *                         └ length of this, satellites
 * ```
 * Source: Concox, GPS Tracker Communication Protocol (GT06) v1.8.1, 5.2; JM-VL03 V1.1.2 for 0x22 and 0xA0.
 */
export const gt06Location = struct('gt06Location', {
  location: union(u8, {
    gps: on(0x10, struct('gps', { ...position, extra: bytes(rest) })),
    gpsAndCell: on(0x12, struct('gpsAndCell', { ...position, cell, extra: bytes(rest) })),
    gpsCellAndState: on(0x22, struct('gpsCellAndState', { ...position, cell, ...state, extra: bytes(rest) })),
    gps4g: on(0xa0, struct('gps4g', { ...position, cell: cell4g, ...state, extra: bytes(rest) })),
  }),
  serial: u16,
})
