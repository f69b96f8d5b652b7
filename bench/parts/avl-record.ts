import { array } from '../../src/stages/struct/array.ts'
import { i16, i32, u32 as long, u8, uint, u16 as word } from '../../src/stages/struct/integers.ts'
import { scaled } from '../../src/stages/struct/scaled.ts'
import { struct } from '../../src/stages/struct/struct.ts'

/** A value of a tracker's input by its id. */
export interface Io {
  id: number
  value: number
}

/** A position with some inputs, as Teltonika trackers send it in codec 8 (without values of 8 bytes). */
export interface AvlRecord {
  timestamp_ms: number
  priority: number
  longitude_deg: number
  latitude_deg: number
  altitude_m: number
  angle_deg: number
  satellites: number
  speed_kmh: number
  event_io_id: number
  io_count: number
  io1: Io[]
  io2: Io[]
  io4: Io[]
}

/** The record as a schema. */
export const avlRecord = struct('avlRecord', {
  timestamp_ms: uint(8),
  priority: u8,
  longitude_deg: scaled(i32, { divideBy: 1e7, unit: 'deg' }),
  latitude_deg: scaled(i32, { divideBy: 1e7, unit: 'deg' }),
  altitude_m: i16,
  angle_deg: word,
  satellites: u8,
  speed_kmh: word,
  event_io_id: u8,
  io_count: u8,
  io1: array(struct('io', { id: u8, value: u8 }), u8),
  io2: array(struct('io', { id: u8, value: word }), u8),
  io4: array(struct('io', { id: u8, value: long }), u8),
})

/** The record as somebody reads it who writes the decoder down by hand, with Node's own methods and their checks of bounds. */
export function decodeByHand(frame: Buffer): AvlRecord {
  const record: AvlRecord = {
    timestamp_ms: Number(frame.readBigUInt64BE(0)),
    priority: frame.readUInt8(8),
    longitude_deg: frame.readInt32BE(9) / 1e7,
    latitude_deg: frame.readInt32BE(13) / 1e7,
    altitude_m: frame.readInt16BE(17),
    angle_deg: frame.readUInt16BE(19),
    satellites: frame.readUInt8(21),
    speed_kmh: frame.readUInt16BE(22),
    event_io_id: frame.readUInt8(24),
    io_count: frame.readUInt8(25),
    io1: [],
    io2: [],
    io4: [],
  }
  let at = 26
  for (let left = frame.readUInt8(at++); left > 0; left--, at += 2) {
    record.io1.push({ id: frame.readUInt8(at), value: frame.readUInt8(at + 1) })
  }
  for (let left = frame.readUInt8(at++); left > 0; left--, at += 3) {
    record.io2.push({ id: frame.readUInt8(at), value: frame.readUInt16BE(at + 1) })
  }
  for (let left = frame.readUInt8(at++); left > 0; left--, at += 5) {
    record.io4.push({ id: frame.readUInt8(at), value: frame.readUInt32BE(at + 1) })
  }
  if (at !== frame.length) throw new Error(`${frame.length - at} bytes are left`)
  return record
}

/** The record as somebody reads it who has measured what Node's methods cost: by index, one check of bounds for what is fixed. */
export function decodeByIndex(b: Buffer): AvlRecord {
  if (b.length < 29) throw new RangeError(`${b.length} bytes are no record`)
  const io1: Io[] = []
  const io2: Io[] = []
  const io4: Io[] = []
  const record: AvlRecord = {
    timestamp_ms: u32(b, 0) * 4_294_967_296 + u32(b, 4),
    priority: b[8] as number,
    longitude_deg: (u32(b, 9) | 0) / 1e7,
    latitude_deg: (u32(b, 13) | 0) / 1e7,
    altitude_m: (u16(b, 17) << 16) >> 16,
    angle_deg: u16(b, 19),
    satellites: b[21] as number,
    speed_kmh: u16(b, 22),
    event_io_id: b[24] as number,
    io_count: b[25] as number,
    io1,
    io2,
    io4,
  }
  let at = 27
  for (let left = b[26] as number; left > 0; left--, at += 2) {
    io1.push({ id: inside(b, at, 2), value: b[at + 1] as number })
  }
  for (let left = inside(b, at++, 1); left > 0; left--, at += 3)
    io2.push({ id: inside(b, at, 3), value: u16(b, at + 1) })
  for (let left = inside(b, at++, 1); left > 0; left--, at += 5)
    io4.push({ id: inside(b, at, 5), value: u32(b, at + 1) })
  if (at !== b.length) throw new RangeError(`${b.length - at} bytes are left`)
  return record
}

/** The byte at `at`, of `size` that must be there. */
function inside(b: Buffer, at: number, size: number): number {
  if (at + size > b.length) throw new RangeError(`${size} bytes are not there at ${at}`)
  return b[at] as number
}

function u16(b: Buffer, at: number): number {
  return ((b[at] as number) << 8) | (b[at + 1] as number)
}

function u32(b: Buffer, at: number): number {
  return ((u16(b, at) << 16) | u16(b, at + 2)) >>> 0
}

/** The same the other way, into bytes of just the size. */
export function encodeByHand(record: AvlRecord): Buffer {
  const { io1, io2, io4 } = record
  const frame = Buffer.allocUnsafe(29 + 2 * io1.length + 3 * io2.length + 5 * io4.length)
  frame.writeBigUInt64BE(BigInt(record.timestamp_ms), 0)
  frame.writeUInt8(record.priority, 8)
  frame.writeInt32BE(Math.round(record.longitude_deg * 1e7), 9)
  frame.writeInt32BE(Math.round(record.latitude_deg * 1e7), 13)
  frame.writeInt16BE(record.altitude_m, 17)
  frame.writeUInt16BE(record.angle_deg, 19)
  frame.writeUInt8(record.satellites, 21)
  frame.writeUInt16BE(record.speed_kmh, 22)
  frame.writeUInt8(record.event_io_id, 24)
  frame.writeUInt8(record.io_count, 25)
  let at = frame.writeUInt8(io1.length, 26)
  for (const { id, value } of io1) at = frame.writeUInt8(value, frame.writeUInt8(id, at))
  at = frame.writeUInt8(io2.length, at)
  for (const { id, value } of io2) at = frame.writeUInt16BE(value, frame.writeUInt8(id, at))
  at = frame.writeUInt8(io4.length, at)
  for (const { id, value } of io4) at = frame.writeUInt32BE(value, frame.writeUInt8(id, at))
  return frame
}
