import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../core/errors.ts'
import type { Command } from '../../core/items.ts'
import { type BodyFields, encodeBody } from './bodies.ts'
import { idText, maxBodyLength } from './message.ts'
import { messageIds } from './message-ids.ts'
import type { Parameter } from './parameters.ts'
import { writeText } from './texts.ts'

/** A message that a command asks for. */
export interface Asked {
  readonly id: number
  /** Encodes its body for a terminal of 2019, or of before. */
  body(version2019: boolean): Buffer
}

/**
 * The message for a terminal that a command of the hub means.
 *
 * ```
 * property `message`: "0x8804"         the command's body is the message's, byte for byte
 * {"id":"0x8103","parameters":[…]}     sets parameters: {"id":"0x00000013","text":"10.0.0.1"}, or with "u8", "u16", "u32", "hex"
 * {"id":"0x8104"}                      queries all of them; {"id":"0x8201"}: where are you
 * {"id":"0x8105","command":4}          control, with "parameters_text" where it takes some
 * {"id":"0x8300","text":"…"}           a text, with "flag" (default 1) and, 2019, "text_type" (default 1)
 * {"id":"0x8802","bodyHex":"…"}        any other
 * a body that is no JSON object        a text, as 0x8300
 * ```
 * The id may also be the name of a direct method. Errors: `BAD_CONTENT` for what is none of these, and for ids that terminals send.
 */
export function askedBy(command: Command): Asked {
  const { body, properties, name } = command
  const id = properties.message ?? (isPlatformId(name) ? name : undefined)
  if (properties.message !== undefined) {
    const raw = platformId(id)
    return { id: raw, body: () => checked(raw, body) }
  }
  const value = contentOf(body)
  if (typeof value === 'string') return textOf(value)
  return formed(platformId(value.id ?? id), value)
}

function formed(id: number, fields: BodyFields): Asked {
  const hex = fields.bodyHex ?? fields.body_hex
  if (hex !== undefined) {
    const bytes = hexOf(hex, 'bodyHex')
    return { id, body: () => checked(id, bytes) }
  }
  if (id === messageIds.setParameters) {
    const parameters = parametersOf(fields.parameters)
    return { id, body: (version2019) => checked(id, encodeBody(id, { parameters }, version2019)) }
  }
  if (id === messageIds.text || id === messageIds.terminalControl) {
    return { id, body: (version2019) => checked(id, encodeBody(id, fields, version2019)) }
  }
  const unknown = Object.keys(fields).find((key) => key !== 'id')
  if (unknown !== undefined) throw bad(`a ${idText(id)} has no fields of its own; its bytes go in bodyHex`)
  return { id, body: () => Buffer.alloc(0) }
}

function textOf(text: string): Asked {
  return {
    id: messageIds.text,
    body: (version2019) => checked(messageIds.text, encodeBody(messageIds.text, { text }, version2019)),
  }
}

function checked(id: number, body: Buffer): Buffer {
  if (body.length <= maxBodyLength) return body
  const message = `the body of a ${idText(id)} has ${body.length} bytes, a message to a terminal holds ${maxBodyLength}`
  throw new GatewayError('MESSAGE_TOO_LARGE', message)
}

/** The fields of a JSON object, none of an empty body or a null; else the text that the body is. */
function contentOf(body: Buffer): BodyFields | string {
  if (!isUtf8(body)) throw bad('the body of a command is no UTF-8')
  const text = body.toString()
  let value: unknown
  try {
    value = text === '' ? null : JSON.parse(text)
  } catch {
    return text
  }
  if (value === null) return {}
  if (typeof value === 'string') return value
  return typeof value === 'object' && !Array.isArray(value) ? (value as BodyFields) : text
}

function isPlatformId(id: unknown): id is string {
  return typeof id === 'string' && /^0x[89a-f][\da-f]{3}$/i.test(id)
}

function platformId(id: unknown): number {
  if (isPlatformId(id)) return Number.parseInt(id.slice(2), 16)
  throw bad('the id of a message to a terminal is written 0x8000 to 0xffff')
}

function parametersOf(list: unknown): readonly Parameter[] {
  if (!Array.isArray(list)) throw bad('parameters is not a list')
  return list.map((each: unknown, index) => {
    const { id, ...value } = (typeof each === 'object' && each !== null ? each : {}) as BodyFields
    const where = `parameters[${index}]`
    if (typeof id !== 'string' || !/^0x[\da-f]{1,8}$/i.test(id)) throw bad(`the id of ${where} is not written 0x…`)
    const entries = Object.entries(value)
    const [type, content] = entries[0] ?? []
    if (entries.length !== 1) throw bad(`${where} has not one of hex, text, u8, u16, u32`)
    const bytes = parameterBytes(type as string, content, where)
    return { id: `0x${id.slice(2).toLowerCase().padStart(8, '0')}`, hex: bytes.toString('hex') }
  })
}

const widths: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4 }

function parameterBytes(type: string, content: unknown, where: string): Buffer {
  if (type === 'hex') return hexOf(content, `${where}.hex`)
  if (type === 'text' && typeof content === 'string') return writeText(content)
  const width = Object.hasOwn(widths, type) ? widths[type] : undefined
  if (width === undefined || typeof content !== 'number') throw bad(`${where} has not one of hex, text, u8, u16, u32`)
  if (!Number.isInteger(content) || content < 0 || content >= 2 ** (8 * width)) {
    throw bad(`${where}.${type} is ${content}`)
  }
  const bytes = Buffer.alloc(width)
  bytes.writeUIntBE(content, 0, width)
  return bytes
}

function hexOf(digits: unknown, where: string): Buffer {
  if (typeof digits === 'string' && /^([\da-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex')
  throw bad(`${where} is not an even number of hexadecimal digits`)
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
