import type { Telemetry } from '../../core/items.ts'
import { maxSendBytes, messageBytes } from '../../core/message-size.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import { ReceiptGroup } from '../receipt-group.ts'
import type { AvlRecord, DecodedAvl } from './avl.ts'
import { type AvlIds, namedValues } from './avl-ids.ts'

/** What {@link readingsOf} is told of the bodies. */
export interface ReadingOptions {
  /** `split`: a message a record; `pack`: one for all of a packet. */
  readonly records: 'split' | 'pack'
  /** Adds the values that have a name. */
  readonly avlIds: AvlIds | undefined
}

/** Of a packet: how many records each of its messages stands for. */
export type PacketReceipts = ReceiptGroup<number>

export const protocol = 'teltonika'

/** Room for the properties that later stages add. */
const largestPack = maxSendBytes - 16_384

/** The messages of a packet, and the tag that all of them have. */
export interface PacketReadings {
  readonly tag: PacketReceipts
  readonly messages: readonly Telemetry[]
}

/**
 * The messages of a packet, with its {@link ReceiptGroup}; undefined for one without a record. A pack that would be more than the hub
 * takes is split. `beside`: further members of each body.
 *
 * The id of a message is its time and a digest of the record's own bytes, so that it is the same when the record comes again beside
 * others; where a packet holds the same record twice, the second ends with -2. A pack has the time of its first record and a digest of all.
 */
export function readingsOf(decoded: DecodedAvl, beside: object, options: ReadingOptions): PacketReadings | undefined {
  if (decoded.packet.record_count === 0) return undefined
  if (options.records === 'split') return split(decoded, beside, options)
  const packed = pack(decoded, beside, options)
  return packed.messages.every((each) => messageBytes(each) <= largestPack) ? packed : split(decoded, beside, options)
}

function split({ packet, bytes }: DecodedAvl, beside: object, { avlIds }: ReadingOptions): PacketReadings {
  const { kind, codec, record_count, records } = packet
  const tag: PacketReceipts = new ReceiptGroup(1, record_count)
  const ids = new Map<string, number>()
  const messages = records.map((record, index) => {
    const id = `${record.timestamp_ms}-${frameDigest(bytes[index] as Buffer)}`
    const number = (ids.get(id) ?? 0) + 1
    ids.set(id, number)
    return decodedTelemetry(
      { kind, codec, record_count, ...withValues(record, avlIds), ...beside },
      { protocol, type: kind, tag, messageId: number === 1 ? id : `${id}-${number}`, time: timeOf(record) },
    )
  })
  return { tag, messages }
}

function pack({ packet, bytes }: DecodedAvl, beside: object, { avlIds }: ReadingOptions): PacketReadings {
  const { kind, record_count, records } = packet
  const tag: PacketReceipts = new ReceiptGroup(record_count, 1)
  const first = records[0] as AvlRecord
  const messageId = `${first.timestamp_ms}-${frameDigest(Buffer.concat(bytes))}`
  const body = { ...packet, records: records.map((each) => withValues(each, avlIds)), ...beside }
  const message = decodedTelemetry(body, { protocol, type: kind, tag, messageId, time: timeOf(first) })
  return { tag, messages: [message] }
}

function withValues(record: AvlRecord, avlIds: AvlIds | undefined): object {
  return avlIds === undefined ? record : { ...record, values: namedValues(record.io, avlIds) }
}

function timeOf({ timestamp_ms }: AvlRecord): Date {
  return new Date(timestamp_ms)
}
