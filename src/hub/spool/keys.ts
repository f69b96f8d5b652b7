/**
 * Keys of the database on disk: messages by device and then in their order, notes about devices, and one salt.
 *
 * ```
 *  'm' │ length of id, u16 │ id, UTF-8 │ sequence, u48        a message
 *  'k' │ id, UTF-8                                            what is known of a device
 *  's'                                                        the salt
 * ```
 */
const message = 0x6d
const known = 0x6b

const sequenceBytes = 6

/** The key of the salt. */
export const saltKey: Buffer = Buffer.from('s')

/** All messages. */
export const messageRange: { readonly gte: Buffer; readonly lt: Buffer } = {
  gte: Buffer.of(message),
  lt: Buffer.of(message + 1),
}

/** All that is known of devices. */
export const knownRange: { readonly gte: Buffer; readonly lt: Buffer } = {
  gte: Buffer.of(known),
  lt: Buffer.of(known + 1),
}

/** The key of a device's message. `sequence` is an integer from 0 to 2^48 - 1. */
export function messageKey(deviceId: string, sequence: number): Buffer {
  const idBytes = Buffer.byteLength(deviceId)
  const key = Buffer.allocUnsafe(3 + idBytes + sequenceBytes)
  key[0] = message
  key.writeUInt16BE(idBytes, 1)
  key.write(deviceId, 3)
  key.writeUIntBE(sequence, 3 + idBytes, sequenceBytes)
  return key
}

/** A device's messages from a sequence to another, both included. */
export function deviceRange(
  deviceId: string,
  from: number,
  to: number,
): { readonly gte: Buffer; readonly lte: Buffer } {
  return { gte: messageKey(deviceId, from), lte: messageKey(deviceId, to) }
}

/** What a key of {@link messageRange} says; undefined for one that was damaged beyond its form. */
export function parseMessageKey(key: Buffer): { readonly deviceId: string; readonly sequence: number } | undefined {
  if (key.length < 3 + sequenceBytes || key.readUInt16BE(1) !== key.length - 3 - sequenceBytes) return undefined
  const end = key.length - sequenceBytes
  return { deviceId: key.toString('utf8', 3, end), sequence: key.readUIntBE(end, sequenceBytes) }
}

/** The key of what is known of a device. */
export function knownKey(deviceId: string): Buffer {
  return Buffer.concat([Buffer.of(known), Buffer.from(deviceId)])
}
