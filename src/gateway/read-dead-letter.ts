import { GatewayError } from '../core/errors.ts'
import { type Telemetry, telemetry } from '../core/items.ts'
import { isDeviceId, isMessageId, isPropertyName } from '../stages/hub-names.ts'

/** What one line of a dead-letter file says, as far as `replayDeadLetters` can do something with it. */
export type ReadLetter =
  /** A reading as its device gave it. */
  | { readonly kind: 'telemetry'; readonly code: string; readonly deviceId: string; readonly message: Telemetry }
  /** A reading of which something was taken out or cut off. */
  | { readonly kind: 'altered'; readonly code: string }
  | ReadFrame
  /** Anything else that was set aside, and readings of nobody. */
  | { readonly kind: 'other'; readonly code: string }

/** A frame or line. */
export interface ReadFrame {
  readonly kind: 'frame'
  readonly code: string
  readonly pipeline: string
  /** The stage half that refused it: what those outside of it take away is not in `frameHex`. */
  readonly stage: string | undefined
  readonly deviceId: string | undefined
  readonly frameHex: string
  /** True where `frameHex` is not all of what the device sent. */
  readonly isCut: boolean
  readonly isRedacted: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** Reads a line that a sink wrote. Throws `BAD_CONTENT`, which says what is wrong with it and quotes nothing. */
export function readDeadLetter(line: string): ReadLetter {
  const fields = parse(line)
  const code = textOf(fields, 'code')
  const pipeline = textOf(fields, 'pipeline')
  const kind = textOf(fields, 'kind')
  if (kind === 'frame' || kind === 'line') return frameOf(fields, code, pipeline)
  if (kind !== 'telemetry') return { kind: 'other', code }
  const deviceId = optionalText(fields, 'deviceId')
  if (deviceId === undefined) return { kind: 'other', code }
  if (!isDeviceId(deviceId)) throw bad('its deviceId is none')
  const body = bodyOf(fields)
  if (fields.redacted === true || body.length < (fields.bodyBytes as number)) return { kind: 'altered', code }
  return { kind: 'telemetry', code, deviceId, message: messageOf(fields, body) }
}

function messageOf(fields: Fields, body: Buffer): Telemetry {
  const messageId = optionalText(fields, 'messageId')
  if (messageId !== undefined && !isMessageId(messageId)) throw bad('its messageId is none')
  return telemetry(body, {
    messageId,
    properties: propertiesOf(fields),
    correlationId: optionalText(fields, 'correlationId'),
    contentType: optionalText(fields, 'contentType'),
    contentEncoding: optionalText(fields, 'contentEncoding'),
    creationTimeUtc: optionalText(fields, 'creationTimeUtc'),
  })
}

function parse(line: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw bad(`its ${line.length} characters are not JSON`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw bad('it is JSON but not an object')
}

function frameOf(fields: Fields, code: string, pipeline: string): ReadFrame {
  const frameHex = textOf(fields, 'frameHex')
  const { frameBytes } = fields
  if (frameHex.length % 2 !== 0 || !/^[\da-f]*$/i.test(frameHex)) throw bad('its frameHex is not hexadecimal')
  if (!isCount(frameBytes) || frameBytes < frameHex.length / 2) throw bad('its frameBytes is not that of its frameHex')
  return {
    kind: 'frame',
    code,
    pipeline,
    stage: optionalText(fields, 'stage'),
    deviceId: optionalText(fields, 'deviceId'),
    frameHex,
    isCut: frameBytes > frameHex.length / 2,
    isRedacted: fields.redacted === true,
  }
}

function bodyOf(fields: Fields): Buffer {
  const text = textOf(fields, 'body')
  const body = Buffer.from(text, 'base64')
  if (body.toString('base64') !== text) throw bad('its body is not base64')
  if (!isCount(fields.bodyBytes) || fields.bodyBytes < body.length) throw bad('its bodyBytes is not that of its body')
  return body
}

function propertiesOf({ properties }: Fields): Readonly<Record<string, string>> {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw bad('its properties are not an object')
  }
  for (const [name, value] of Object.entries(properties)) {
    if (!isPropertyName(name) || typeof value !== 'string') throw bad('its properties are not texts by names')
  }
  return properties as Readonly<Record<string, string>>
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function optionalText(fields: Fields, name: string): string | undefined {
  return fields[name] === undefined ? undefined : textOf(fields, name)
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string') return value
  throw bad(`its ${name} is ${value === undefined ? 'missing' : 'not a text'}`)
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message, { stage: 'replay' })
}
