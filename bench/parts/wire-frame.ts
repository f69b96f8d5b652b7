import { crc16 } from './crc16.ts'

/** What a frame is, its third byte on the wire. */
export const frameType = { hello: 0x01, reading: 0x02, ack: 0x06 } as const

/** Bytes of a frame on the wire beside its body: length, type, sequence number, check. */
export const frameOverhead = 7

/** Longest frame that the gateway takes, as on the wire. */
export const longestFrame = 4096

/** The sequence number of a hello; readings have lower ones. */
export const helloSequence = 0xffff

/**
 * A frame as it is on the wire. The length counts all that follows it; the CRC-16/MODBUS is of type, sequence and body, low byte first.
 *
 * ```
 * 00 09 | 02 | 00 07 | A1 A2 A3 A4 | 76 55
 * length  type sequence  body        check
 * ```
 */
export function wireFrame(type: number, sequence: number, body: Uint8Array): Buffer {
  const frame = Buffer.alloc(frameOverhead + body.length)
  frame.writeUInt16BE(frame.length - 2, 0)
  frame.writeUInt8(type, 2)
  frame.writeUInt16BE(sequence, 3)
  frame.set(body, 5)
  const end = frame.length - 2
  frame.writeUInt16LE(crc16(frame, 2, end), end)
  return frame
}
