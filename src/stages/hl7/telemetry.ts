import { type Telemetry, telemetry } from '../../core/items.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import type { Hl7Message } from './message.ts'
import type { Hl7Options } from './options.ts'
import { utcOf } from './time.ts'

/** What {@link messageTelemetry} needs besides the message. */
export interface MessageContext {
  readonly block: Buffer
  readonly tag: unknown
  readonly options: Pick<Hl7Options, 'body' | 'envelope'>
}

/**
 * The telemetry of a message. Properties: `protocol` is `hl7`, `type` such as `ORU^R01`, `processing_id` such as `P` for production. Its message
 * id is MSH-10 and a digest of the whole: senders number anew after a restart, and only the same message sent again may be taken for the same.
 */
export function messageTelemetry(message: Hl7Message, { block, tag, options }: MessageContext): Telemetry {
  const { message_type, trigger, processing_id, control_id, charset } = message
  const type = propertyText(trigger === null ? message_type : `${message_type}^${trigger}`)
  const time = utcOf(message.message_time)
  const messageId = `${control_id.replace(/[^\w.-]/g, '_').slice(0, 64)}-${frameDigest(block)}`
  const properties = { processing_id: propertyText(processing_id) }
  if (options.body === 'hl7') {
    return telemetry(block, {
      value: message,
      tag,
      messageId,
      properties: { protocol: 'hl7', type, ...properties },
      contentType: 'x-application/hl7-v2+er7',
      contentEncoding: charset ?? undefined,
      creationTimeUtc: time?.toISOString(),
    })
  }
  const body = options.envelope === true ? { ...message, payload_bytes: block.length } : message
  return decodedTelemetry(body, { protocol: 'hl7', type, tag, messageId, time, properties })
}

/** Values of properties travel in HTTP headers. */
function propertyText(field: string): string {
  return field.replace(/[^ -~]/g, '?').slice(0, 64)
}
