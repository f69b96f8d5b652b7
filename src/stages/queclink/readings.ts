import type { Telemetry } from '../../core/items.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import { ReceiptGroup } from '../receipt-group.ts'
import type { QueclinkMessage } from './message.ts'
import type { ServerCommand, ServerSack } from './server-message.ts'

/** How {@link readingsOf} makes readings. */
export interface ReadingOptions {
  /**
   * A report with several positions: `pack` (default) is one reading with all of them in `locations`; `split` is one for each, with that one
   * in `locations`, its number from 1 in `position`, and `fields` in the first only.
   */
  readonly positions?: 'pack' | 'split'
  /** Also puts `field_count` into bodies; default false. */
  readonly envelope?: boolean
  /**
   * True where SACK is enabled in the devices: reports are acknowledged by `+SACK:count$` once the hub has them. Default false, as in
   * devices; heartbeats are answered always.
   */
  readonly sack?: boolean
}

/**
 * The readings of a message, at least one; where it is to be acknowledged, their tag is a group of its count. Of the same message sent again,
 * live or from the buffer, they have the same message ids: send time, count, and a digest of all that follows the `:` in `text`.
 */
export function readingsOf(message: QueclinkMessage, text: string, options: ReadingOptions): Telemetry[] {
  const bodies = bodiesOf(message, options)
  const tag = message.kind !== 'heartbeat' && options.sack ? new ReceiptGroup(message.count, bodies.length) : undefined
  const messageId = messageIdOf(message, text.slice(text.indexOf(':') + 1))
  const { kind, report, buffered, send_time_utc } = message
  return bodies.map((body, index) => {
    const time = body.locations?.at(-1)?.fix_time_utc ?? send_time_utc
    return decodedTelemetry(body, {
      protocol: 'queclink',
      type: kind,
      tag,
      messageId: bodies.length === 1 ? messageId : `${messageId}-${index + 1}`,
      ...(time !== null && { time: new Date(time) }),
      properties: { report, ...(buffered && { buffered: 'true' }) },
    })
  })
}

/** A message as bodies have it. */
export function bodyOf(message: QueclinkMessage, { envelope = false }: ReadingOptions): MessageBody {
  const { field_count, ...others } = message
  return envelope ? message : others
}

type MessageBody = Omit<QueclinkMessage, 'field_count'>

function bodiesOf(message: QueclinkMessage, options: ReadingOptions): Partial<MessageBody>[] {
  const { positions = 'pack' } = options
  const body = bodyOf(message, options)
  const { locations = [], cells = [] } = message
  if (positions === 'pack' || locations.length < 2) return [body]
  const { fields, ...withoutFields } = body
  return locations.map((location, index) => ({
    ...(index === 0 ? body : withoutFields),
    locations: [location],
    cells: [cells[index] ?? null],
    position: index + 1,
  }))
}

function messageIdOf({ send_time_utc, count }: QueclinkMessage, content: string): string {
  const numbered = send_time_utc === null ? count : `${send_time_utc.replace(/\D/g, '')}-${count}`
  return `${numbered}-${frameDigest(Buffer.from(content, 'latin1'))}`
}

/** The reading that a server's message makes, where a log holds one. */
export function serverReading(message: ServerSack | ServerCommand): Telemetry {
  const { kind, report } = message
  return decodedTelemetry(message, {
    protocol: 'queclink',
    type: kind,
    properties: report === undefined ? {} : { report },
  })
}
