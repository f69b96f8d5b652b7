import { checksum } from '../checksum.ts'

/** The check of every RTU frame: CRC-16/MODBUS, least significant byte first. */
export const rtuCheck = checksum('CRC-16/MODBUS', { byteOrder: 'little-endian' })

/** The CRC that a frame carries, in hexadecimal as it stands on the wire. */
export function crcText(frame: Buffer): string {
  return frame.toString('hex', frame.length - 2)
}
