import { GatewayError } from '../../core/errors.ts'
import { alarmLayouts } from './alarm.ts'
import { commandLayouts } from './command.ts'
import { heartbeatLayouts } from './heartbeat.ts'
import type { Gt06Layout } from './layout.ts'
import { locationLayouts } from './location.ts'
import { loginLayouts } from './login.ts'
import type { Gt06Body, Gt06Message } from './messages.ts'
import { statusLayouts } from './status.ts'
import { fromWire, type Gt06Wire, toWire } from './wire.ts'

const layouts = new Map<number, Gt06Layout[]>()
for (const each of [
  ...loginLayouts,
  ...heartbeatLayouts,
  ...locationLayouts,
  ...alarmLayouts,
  ...commandLayouts,
  ...statusLayouts,
]) {
  for (const type of each.types) layouts.set(type, [...(layouts.get(type) ?? []), each])
}

/** How content of a type lies; undefined where nobody says, or where it is too short for its type. */
export function layoutOf(type: number, content: Buffer): Gt06Layout | undefined {
  return layouts.get(type)?.find((each) => each.fits(content))
}

/**
 * Decodes a frame, from start mark to CRC, which is not verified. What is of no known type, or too short for it, is of kind `other`: its
 * sender meant something, and the check says that it is as it was sent. Throws `FRAME_DAMAGED` for one without type and serial.
 */
export function decodeGt06(frame: Buffer): Gt06Message {
  return messageOf(fromWire(frame))
}

/** As {@link decodeGt06}, of a frame that was taken apart. */
export function messageOf({ start, type, content, serial, crc }: Gt06Wire): Gt06Message {
  const body: Gt06Body = layoutOf(type, content)?.decode(content, type) ?? {
    kind: 'other',
    content_hex: content.toString('hex'),
  }
  const { kind, ...fields } = body
  return {
    kind,
    start,
    protocol_number: hexOf(type, 2),
    serial,
    crc_itu: hexOf(crc, 4).slice(2),
    ...fields,
  } as Gt06Message
}

/**
 * The inverse of {@link decodeGt06}: a frame from start mark to CRC. `crc_itu` is computed. Throws `BAD_CONTENT` for what the type cannot
 * say, `MESSAGE_TOO_LARGE`.
 */
export function encodeGt06(message: Gt06Message): Buffer {
  const { start, serial } = message
  const type = Number(message.protocol_number)
  return toWire({ start, type, content: contentOf(message, type), serial })
}

function contentOf(message: Gt06Message, type: number): Buffer {
  if (message.kind === 'other') return Buffer.from(message.content_hex, 'hex')
  const layout = layouts.get(type)?.find((each) => each.says(message))
  if (layout !== undefined) return layout.encode(message)
  throw new GatewayError(
    'BAD_CONTENT',
    `a frame of type ${message.protocol_number} cannot say what the ${message.kind} says`,
  )
}

function hexOf(number: number, digits: number): string {
  return `0x${number.toString(16).padStart(digits, '0')}`
}
