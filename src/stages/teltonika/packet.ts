import { GatewayError } from '../../core/errors.ts'
import { checkOf } from '../check-kinds.ts'

/** Bytes before the data: four of zero and the length. */
export const headerBytes = 8

/** Bytes of a packet that are not its data: header and CRC. */
export const packetOverhead = headerBytes + 4

const arc = checkOf('CRC-16/ARC')

/** What a packet carries. */
export interface PacketContent {
  /** Codec, number of records or messages, these, and the number again. */
  readonly data: Buffer
  readonly crc16: number
}

/**
 * Takes a data packet apart, which the framing has found whole.
 *
 * ```
 * 00 00 00 00 │ 00 00 00 0D │ 0C 01 … 01 │ 00 00 00 CB
 *             │ L           │ L bytes    │ CRC-16/ARC of them, its high half 0
 * ```
 * `CHECKSUM_MISMATCH` where the check is another.
 */
export function openPacket(packet: Buffer): PacketContent {
  const end = packet.length - 4
  const data = packet.subarray(headerBytes, end)
  const crc16 = arc.compute(packet, headerBytes, end)
  const said = packet.readUInt32BE(end)
  if (said !== crc16) {
    throw new GatewayError('CHECKSUM_MISMATCH', `CRC-16/ARC is ${inHex(crc16, 4)}, the packet says ${inHex(said, 8)}`)
  }
  return { data, crc16 }
}

/** Makes the packet that carries so many bytes of data. */
export function sealPacket(data: Buffer): Buffer {
  const packet = Buffer.alloc(data.length + packetOverhead)
  packet.writeUInt32BE(data.length, 4)
  data.copy(packet, headerBytes)
  packet.writeUInt32BE(arc.compute(data, 0, data.length), headerBytes + data.length)
  return packet
}

/** The login: two bytes of length, and the IMEI in ASCII digits. */
export function loginFrame(imei: string): Buffer {
  const frame = Buffer.alloc(2 + imei.length)
  frame.writeUInt16BE(imei.length, 0)
  frame.write(imei, 2, 'latin1')
  return frame
}

/** Four bytes that say how many records were accepted. */
export function countFrame(records: number): Buffer {
  const frame = Buffer.alloc(4)
  frame.writeUInt32BE(records, 0)
  return frame
}

function inHex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
