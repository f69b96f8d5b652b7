import type { Telemetry } from './items.ts'

/** The most that IoT Hub takes in one send, message or batch: 256 KB, less the kilobyte that Microsoft's C and Java SDKs keep. */
export const maxSendBytes = 255 * 1024 - 1

/** IoT Hub bills and meters messages in blocks of 4 KB; on the Free tier, of 0.5 KB. */
export const billableBlockBytes = 4096

// Fixed cost of a message and of a property as Microsoft's C SDK counts them against the batch limit.
const messageOverheadBytes = 384
const propertyOverheadBytes = 16

/** Bytes that a message counts against the limit of a batch: body, property names and values, and the SDK's fixed overheads. */
export function messageBytes(message: Telemetry): number {
  let bytes = message.body.length + messageOverheadBytes
  for (const name in message.properties) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(message.properties[name] as string) + propertyOverheadBytes
  }
  return bytes
}

/** What the quota counts of a message: body, system property values, names and values of user properties. */
export function billableBytes(message: Telemetry): number {
  const { body, messageId, correlationId, contentType, contentEncoding, creationTimeUtc, properties } = message
  let bytes = body.length
  for (const value of [messageId, correlationId, contentType, contentEncoding, creationTimeUtc]) {
    if (value !== undefined) bytes += Buffer.byteLength(value)
  }
  for (const name in properties) bytes += Buffer.byteLength(name) + Buffer.byteLength(properties[name] as string)
  return bytes
}

/** Quota blocks of `blockBytes` that a message costs, one at least. */
export function billableBlocks(message: Telemetry, blockBytes = billableBlockBytes): number {
  return Math.max(1, Math.ceil(billableBytes(message) / blockBytes))
}
