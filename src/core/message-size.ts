import type { Properties, Telemetry } from './items.ts'

/** The most that IoT Hub takes in one send, message or batch: 256 KB, less the kilobyte that Microsoft's C and Java SDKs keep. */
export const maxSendBytes = 255 * 1024 - 1

/** IoT Hub bills and meters messages in blocks of 4 KB; on the Free tier, of 0.5 KB. */
export const billableBlockBytes = 4096

// Fixed cost of a message and of a property as Microsoft's C SDK counts them against the batch limit.
const messageOverheadBytes = 384
const propertyOverheadBytes = 16

/** Bytes that a message counts against the limit of a batch: body, property names and values, and the SDK's fixed overheads. */
export function messageBytes(message: Telemetry): number {
  const { bytes, count } = sizeOf(message.properties)
  return message.body.length + messageOverheadBytes + bytes + count * propertyOverheadBytes
}

/** What the quota counts of a message: body, system property values, names and values of user properties. */
export function billableBytes(message: Telemetry): number {
  const { body, messageId, correlationId, contentType, contentEncoding, creationTimeUtc, properties } = message
  return (
    body.length +
    textBytes(messageId) +
    textBytes(correlationId) +
    textBytes(contentType) +
    textBytes(contentEncoding) +
    textBytes(creationTimeUtc) +
    sizeOf(properties).bytes
  )
}

function textBytes(text: string | undefined): number {
  if (text === undefined) return 0
  // Ids and types are mostly short and plain, for which asking Node costs more than looking.
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text)
  return text.length
}

/** Bytes of names and values, and how many properties there are. */
interface PropertiesSize {
  readonly of: Properties
  readonly bytes: number
  readonly count: number
}

/** Of neighbouring messages the properties are mostly one object. */
let sizeOfLast: PropertiesSize = { of: {}, bytes: 0, count: 0 }

function sizeOf(properties: Properties): PropertiesSize {
  if (sizeOfLast.of === properties) return sizeOfLast
  let bytes = 0
  let count = 0
  for (const name in properties) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(properties[name] as string)
    count++
  }
  const size = { of: properties, bytes, count }
  // What may still change is measured anew.
  if (Object.isFrozen(properties)) sizeOfLast = size
  return size
}

/** Quota blocks of `blockBytes` that a message costs, one at least. */
export function billableBlocks(message: Telemetry, blockBytes = billableBlockBytes): number {
  // Most messages are far smaller than a block, which is quickly seen.
  if (mostBillableBytes(message) <= blockBytes) return 1
  return Math.max(1, Math.ceil(billableBytes(message) / blockBytes))
}

/** What {@link billableBytes} cannot exceed: a unit of UTF-16 takes at most three bytes of UTF-8. */
function mostBillableBytes(message: Telemetry): number {
  const { body, messageId, correlationId, contentType, contentEncoding, creationTimeUtc, properties } = message
  const units =
    (messageId?.length ?? 0) +
    (correlationId?.length ?? 0) +
    (contentType?.length ?? 0) +
    (contentEncoding?.length ?? 0) +
    (creationTimeUtc?.length ?? 0)
  return body.length + 3 * units + sizeOf(properties).bytes
}
