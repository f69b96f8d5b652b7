import { array } from '../struct/array.ts'
import { bytes, hex } from '../struct/blob.ts'
import { countOf } from '../struct/derived.ts'
import type { Field, NumberField } from '../struct/field.ts'
import { i16, i32, u8, u16, uint } from '../struct/integers.ts'
import { scaled } from '../struct/scaled.ts'
import { field } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { on, union } from '../struct/union.ts'

/** Values of one width by their AVL id; what they mean depends on the model of the device. */
function values<T>(count: NumberField, id: NumberField, value: Field<T, 'value'>) {
  return array(struct('io', { id, value }), count)
}

const position = {
  timestamp_ms: scaled(uint(8), { unit: 'ms since 1970, UTC' }),
  priority: u8,
  longitude_deg: scaled(i32, { divideBy: 1e7, unit: 'deg' }),
  latitude_deg: scaled(i32, { divideBy: 1e7, unit: 'deg' }),
  altitude_m: scaled(i16, { unit: 'm' }),
  angle_deg: scaled(u16, { unit: 'deg' }),
  satellites: u8,
  speed_kmh: scaled(u16, { unit: 'km/h' }),
}

function packet<T>(record: Field<T, 'value'>) {
  return struct('packet', {
    count: countOf('records', u8),
    records: array(record, field('count')),
    repeated_count: countOf('records', u8),
  })
}

/** A record of codec 8. */
export const avlRecord8 = struct('record', {
  ...position,
  event_io_id: u8,
  io_count: u8,
  io1: values(u8, u8, hex(1)),
  io2: values(u8, u8, hex(2)),
  io4: values(u8, u8, hex(4)),
  io8: values(u8, u8, hex(8)),
})

/**
 * As some firmware of the FMB640 writes records of codec 8: with a group of values of 16 bytes behind the others. Nothing in the
 * packet says so.
 */
export const avlRecord8Wide = struct('record', {
  ...position,
  event_io_id: u8,
  io_count: u8,
  io1: values(u8, u8, hex(1)),
  io2: values(u8, u8, hex(2)),
  io4: values(u8, u8, hex(4)),
  io8: values(u8, u8, hex(8)),
  io16: values(u8, u8, hex(16)),
})

/** A record of codec 8 Extended. */
export const avlRecord8Extended = struct('record', {
  ...position,
  event_io_id: u16,
  io_count: u16,
  io1: values(u16, u16, hex(1)),
  io2: values(u16, u16, hex(2)),
  io4: values(u16, u16, hex(4)),
  io8: values(u16, u16, hex(8)),
  io_x: values(u16, u16, bytes(u16)),
})

/** A record of codec 16. */
export const avlRecord16 = struct('record', {
  ...position,
  event_io_id: u16,
  generation_type: u8,
  io_count: u8,
  io1: values(u8, u16, hex(1)),
  io2: values(u8, u16, hex(2)),
  io4: values(u8, u16, hex(4)),
  io8: values(u8, u16, hex(8)),
})

/**
 * AVL data of Teltonika trackers: the L bytes between the length and the CRC of a data packet, codecs 8, 8 Extended and 16.
 *
 * ```
 * 08 01 │ 00 00 01 6B 40 D8 EA 30  01  00 00 00 00  00 00 00 00  00 00  00 00  00  00 00 │ 01 05 02 15 03 01 01 … │ 01
 * codec │ time                     pri longitude    latitude     alt    angle  sat speed  │ io                     │ count
 * ```
 * Source: Teltonika, FMB1YX Protocols V0.15 and the wiki page Teltonika Data Sending Protocols.
 */
export const teltonikaAvl = struct('teltonikaAvl', {
  data: union(u8, {
    codec8: on(0x08, packet(avlRecord8)),
    codec8Extended: on(0x8e, packet(avlRecord8Extended)),
    codec16: on(0x10, packet(avlRecord16)),
  }),
})

/** As {@link teltonikaAvl}, of devices that write {@link avlRecord8Wide}. */
export const teltonikaAvlWide = struct('teltonikaAvl', {
  data: union(u8, { codec8: on(0x08, packet(avlRecord8Wide)) }),
})
