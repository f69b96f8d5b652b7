import { GatewayError } from '../../core/errors.ts'
import {
  avlRecord8,
  avlRecord8Extended,
  avlRecord8Wide,
  avlRecord16,
  teltonikaAvl,
  teltonikaAvlWide,
} from '../schemas/teltonika-avl.ts'

/** A value of a record. What it means depends on its id and on the model of the device. */
export interface IoValue {
  readonly id: number
  /** How many bytes it has: 1, 2, 4 or 8; with codec 8 also 16, with codec 8 Extended any number. */
  readonly bytes: number
  /** The bytes, most significant first. */
  readonly hex: string
}

/** Where and how the device was at a time. Without a fix: the last position, and angle, satellites and speed of 0. */
export interface AvlRecord {
  readonly timestamp_ms: number
  /** 0 low, 1 high, 2 panic. */
  readonly priority: number
  readonly longitude_deg: number
  readonly latitude_deg: number
  /** Below sea level it is below 0. */
  readonly altitude_m: number
  /** Clockwise from north. */
  readonly angle_deg: number
  readonly satellites: number
  readonly speed_kmh: number
  /** The id of the value whose change made the record; 0 where none did. */
  readonly event_io_id: number
  /** What made the record: 0 to 7; codec 16 only. */
  readonly generation_type?: number
  readonly io: readonly IoValue[]
}

/** The codecs of AVL data: 8, 8 Extended and 16. */
export type AvlCodec = 8 | 142 | 16

/** The records of a packet. */
export interface AvlPacket {
  readonly kind: 'avl'
  readonly codec: AvlCodec
  readonly record_count: number
  readonly records: readonly AvlRecord[]
}

/** A packet, and the bytes of each of its records: the same when it is sent again beside others. */
export interface DecodedAvl {
  readonly packet: AvlPacket
  readonly bytes: readonly Buffer[]
}

/** Whether data are of a codec of AVL data. */
export function isAvlCodec(codec: number | undefined): codec is AvlCodec {
  return codec === 8 || codec === 142 || codec === 16
}

type IoGroup = readonly { readonly id: number; readonly value: string | Buffer }[]

/** Any record as a schema has it. */
interface WireRecord extends Omit<AvlRecord, 'io'> {
  readonly io_count: number
  readonly io1: IoGroup
  readonly io2: IoGroup
  readonly io4: IoGroup
  readonly io8: IoGroup
  readonly io16?: IoGroup
  readonly io_x?: IoGroup
}

interface RecordSchema {
  decodePrefix(bytes: Buffer): { readonly value: WireRecord; readonly length: number }
}

const schemas: Readonly<Record<AvlCodec, RecordSchema>> = { 8: avlRecord8, 142: avlRecord8Extended, 16: avlRecord16 }

/**
 * Decodes AVL data of codecs 8, 8 Extended and 16: all between length and CRC. Values come in the order of their groups. Data of codec 8
 * that do not end with their records are read once more as {@link avlRecord8Wide}.
 *
 * `BAD_CONTENT` for records that do not end where they should, and for two numbers of records that differ.
 */
export function decodeAvl(data: Buffer): DecodedAvl {
  const codec = data[0]
  if (!isAvlCodec(codec)) throw bad(`the codec ${codec} is none of AVL data`)
  try {
    return decodeRecords(data, codec, schemas[codec])
  } catch (thrown) {
    if (codec !== 8) throw thrown
    try {
      return decodeRecords(data, codec, avlRecord8Wide)
    } catch {
      // What is wrong by the plain reading is what people look for.
      throw thrown
    }
  }
}

function decodeRecords(data: Buffer, codec: AvlCodec, schema: RecordSchema): DecodedAvl {
  const count = data[1] as number
  const records: AvlRecord[] = []
  const bytes: Buffer[] = []
  let at = 2
  for (let number = 1; number <= count; number++) {
    const { value, length } = decodeRecord(data.subarray(at, -1), number, schema)
    records.push(inTheirOrder(value))
    bytes.push(data.subarray(at, at + length))
    at += length
  }
  if (at !== data.length - 1) throw bad(`${data.length - 1 - at} bytes are left behind ${count} records`)
  if (data[at] !== count) throw bad(`a packet has ${count} records by its head and ${data[at]} by its end`)
  return { packet: { kind: 'avl', codec, record_count: count, records }, bytes }
}

function decodeRecord(bytes: Buffer, number: number, schema: RecordSchema) {
  try {
    return schema.decodePrefix(bytes)
  } catch (cause) {
    throw bad(`record ${number}: ${GatewayError.from(cause).message}`, cause)
  }
}

function inTheirOrder({ io_count: _, io1, io2, io4, io8, io16 = [], io_x = [], ...position }: WireRecord): AvlRecord {
  return { ...position, io: [io1, io2, io4, io8, io16, io_x].flatMap((group) => group.map(ioValue)) }
}

function ioValue({ id, value }: IoGroup[number]): IoValue {
  if (typeof value === 'string') return { id, bytes: value.length / 2, hex: value }
  return { id, bytes: value.length, hex: value.toString('hex') }
}

/**
 * Encodes records as AVL data, values in groups of their size. With codec 8 a value of 16 bytes makes all records of the packet
 * {@link avlRecord8Wide}. `BAD_CONTENT` for what the codec cannot say.
 */
export function encodeAvl(codec: AvlCodec, records: readonly AvlRecord[]): Buffer {
  if (codec === 142) {
    const value = { records: records.map((each) => ({ ...ioGroups(each, [1, 2, 4, 8]), io_x: otherValues(each) })) }
    return teltonikaAvl.encode({ data: { kind: 'codec8Extended', value } })
  }
  const isWide = codec === 8 && records.some(({ io }) => io.some(({ bytes }) => bytes === 16))
  const sizes = isWide ? [1, 2, 4, 8, 16] : [1, 2, 4, 8]
  const grouped = records.map((each) => {
    const strange = each.io.find(({ bytes }) => !sizes.includes(bytes))
    if (strange !== undefined) throw bad(`codec ${codec} has no values of ${strange.bytes} bytes`)
    return ioGroups(each, sizes)
  })
  if (codec === 16) {
    const value = { records: grouped.map((each) => ({ ...each, generation_type: each.generation_type ?? 0 })) }
    return teltonikaAvl.encode({ data: { kind: 'codec16', value } })
  }
  const value = { records: grouped.map((each) => ({ ...each, io16: each.io16 ?? [] })) }
  return (isWide ? teltonikaAvlWide : teltonikaAvl).encode({ data: { kind: 'codec8', value } })
}

interface Values {
  id: number
  value: string
}

function ioGroups({ io, ...position }: AvlRecord, sizes: readonly number[]) {
  const of = (size: number): Values[] =>
    io.filter(({ bytes }) => bytes === size).map(({ id, hex }) => ({ id, value: hex }))
  const groups = { io1: of(1), io2: of(2), io4: of(4), io8: of(8) }
  return { ...position, io_count: io.length, ...groups, ...(sizes.includes(16) && { io16: of(16) }) }
}

function otherValues({ io }: AvlRecord) {
  return io
    .filter(({ bytes }) => ![1, 2, 4, 8].includes(bytes))
    .map(({ id, hex }) => ({ id, value: Buffer.from(hex, 'hex') }))
}

function bad(message: string, cause?: unknown): GatewayError {
  return new GatewayError('BAD_CONTENT', message, { cause })
}
