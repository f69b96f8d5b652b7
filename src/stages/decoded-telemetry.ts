import { type Telemetry, telemetry } from '../core/items.ts'
import { jsonText } from './json-text.ts'

/** What {@link decodedTelemetry} says of a reading besides its fields. */
export interface DecodedOptions {
  /** Property `protocol`, for routes of the hub. */
  readonly protocol: string
  /** Property `type`: which of the protocol's messages it was. */
  readonly type: string
  readonly tag?: unknown
  /** The same for the same reading sent again, so that whoever reads the hub can drop one of them. */
  readonly messageId?: string | undefined
  /** When the device took the reading. */
  readonly time?: Date | undefined
  /** More properties, in names that IoT Hub takes. */
  readonly properties?: Readonly<Record<string, string>>
}

/** A telemetry item of a decoded frame: its fields as JSON in UTF-8, with the properties `protocol` and `type`. Called by codecs. */
export function decodedTelemetry(value: object, options: DecodedOptions): Telemetry {
  const { protocol, type, tag, messageId, time, properties } = options
  return telemetry(Buffer.from(jsonText(value)), {
    value,
    tag,
    messageId,
    properties: { protocol, type, ...properties },
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    creationTimeUtc: time === undefined || Number.isNaN(time.getTime()) ? undefined : time.toISOString(),
  })
}
