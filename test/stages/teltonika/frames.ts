import fc from 'fast-check'
import { type AvlCodec, type AvlRecord, encodeAvl, type IoValue } from '../../../src/stages/teltonika/avl.ts'
import { encodeMessage, type MessageCodec } from '../../../src/stages/teltonika/messages.ts'
import { loginFrame, sealPacket } from '../../../src/stages/teltonika/packet.ts'

export const imei = '350000000000017'
export const login = loginFrame(imei)

/** A record that says its number. */
export function record(number: number, io: readonly IoValue[] = [{ id: 239, bytes: 1, hex: '01' }]): AvlRecord {
  return {
    timestamp_ms: 1_700_000_000_000 + 1000 * number,
    priority: 0,
    longitude_deg: 7.68,
    latitude_deg: 45.07,
    altitude_m: -6,
    angle_deg: 90,
    satellites: 12,
    speed_kmh: 36,
    event_io_id: 0,
    io,
  }
}

/** The packet that carries records. */
export function packetOf(records: readonly AvlRecord[], codec: AvlCodec = 8): Buffer {
  return sealPacket(encodeAvl(codec, records))
}

/** The packet that carries records of these numbers. */
export function packet(...numbers: readonly number[]): Buffer {
  return packetOf(numbers.map((number) => record(number)))
}

/** The packet of one command, answer or run of serial bytes. */
export function message(codec: MessageCodec, type: number, text: string | Buffer, more: object = {}): Buffer {
  return sealPacket(encodeMessage(codec, { type, payload: Buffer.from(text as string), ...more }))
}

/** A packet of any data, sealed. */
export function packetHex(data: string): Buffer {
  return sealPacket(Buffer.from(data.replaceAll(' ', ''), 'hex'))
}

/** The packet with its last byte, of the CRC, changed. */
export function damaged(sealed: Buffer): Buffer {
  const copy = Buffer.from(sealed)
  copy[copy.length - 1] = (copy[copy.length - 1] as number) ^ 1
  return copy
}

/** The count that answers a packet. */
export function count(records: number): string {
  return records.toString(16).padStart(8, '0')
}

const tenMillionths = (limit: number) => fc.integer({ min: -limit, max: limit }).map((each) => each / 1e7)
const hexOf = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each) => Buffer.from(each).toString('hex'))

function values(bytes: number, ids: number): fc.Arbitrary<IoValue[]> {
  const members = { id: fc.nat(ids), bytes: fc.constant(bytes), hex: hexOf(bytes) }
  const one = fc.record(members, { noNullPrototype: true })
  return fc.array(one, { maxLength: 3 })
}

/** Records that a codec can say, their values in the order of their groups. */
export function anyRecords(codec: AvlCodec): fc.Arbitrary<AvlRecord[]> {
  const ids = codec === 8 ? 255 : 65_535
  const groups = [1, 2, 4, 8].map((bytes) => values(bytes, ids))
  const others = codec === 142 ? [values(3, ids), values(23, ids), values(0, ids)] : []
  const io = fc.tuple(...groups, ...others).map((each) => each.flat())
  const members = {
    timestamp_ms: fc.nat(Number.MAX_SAFE_INTEGER),
    priority: fc.nat(255),
    longitude_deg: tenMillionths(1_800_000_000),
    latitude_deg: tenMillionths(900_000_000),
    altitude_m: fc.integer({ min: -32_768, max: 32_767 }),
    angle_deg: fc.nat(65_535),
    satellites: fc.nat(255),
    speed_kmh: fc.nat(65_535),
    event_io_id: fc.nat(ids),
    io,
  }
  const plain = fc.record(members, { noNullPrototype: true })
  const generated = fc.record({ ...members, generation_type: fc.nat(255) }, { noNullPrototype: true })
  return fc.array<AvlRecord>(codec === 16 ? generated : plain, { maxLength: 4 })
}

export const avlCodecs: readonly AvlCodec[] = [8, 142, 16]
