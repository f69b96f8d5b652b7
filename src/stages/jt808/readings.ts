import type { Telemetry } from '../../core/items.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import type { MessageFields } from './fields.ts'
import type { Location } from './location.ts'
import type { Message } from './message.ts'

/** What makes a message in telemetry. */
export interface ReadingOptions {
  readonly tag?: unknown
  /** When it was taken, and the bytes that it is made of, where it is one of several in a message. */
  readonly location?: Location | undefined
  readonly part?: { readonly index: number; readonly bytes: Buffer }
}

/**
 * Telemetry of a decoded message. Its message id is serial, device time and a digest of the bytes: the same when the message is sent
 * again, another for another reading.
 */
export function readingOf({ header, frame }: Message, fields: MessageFields, options: ReadingOptions = {}): Telemetry {
  const { tag, part, location = locationIn(fields) } = options
  const place = part === undefined ? '' : `.${part.index}`
  const time = location === undefined ? '' : `${location.device_time.replace(/[-T:]/g, '')}-`
  const utc = location?.time_utc
  return decodedTelemetry(fields, {
    protocol: 'jt808',
    type: fields.kind,
    tag,
    messageId: `${header.serial}${place}-${time}${frameDigest(part?.bytes ?? frame)}`,
    ...(typeof utc === 'string' && { time: new Date(utc) }),
    properties: { message: String(fields.message_id) },
  })
}

/** The location that a message is about; the first of a batch that goes up as one. */
function locationIn({ location, locations }: MessageFields): Location | undefined {
  return (location ?? (locations as readonly Location[] | undefined)?.[0]) as Location | undefined
}
