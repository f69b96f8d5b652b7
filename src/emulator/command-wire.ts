import type { Command } from './command.ts'
import { HubError } from './errors.ts'

const textFields = ['messageId', 'expiryTimeUtc', 'correlationId', 'contentType', 'contentEncoding', 'userId'] as const
const acks = ['none', 'positive', 'negative', 'full'] as const

type Text = { -readonly [Field in (typeof textFields)[number]]?: string }

/**
 * Reads the body of `POST /emulator/devices/{id}/messages`: `{"body", "properties"?, "messageId"?, "expiryTimeUtc"?,
 * "correlationId"?, "contentType"?, "contentEncoding"?, "userId"?, "ack"?}`. The command's body is the JSON text of
 * `body`, or the bytes of `{"$base64": "…"}`.
 *
 * @throws {HubError} 400004 naming the field.
 */
export function parseCommand(value: unknown): Command {
  if (!isRecord(value)) throw invalid('the command', 'an object')
  if (!('body' in value)) throw invalid('body', 'present')
  const { properties = {}, ack } = value
  if (!isTexts(properties)) throw invalid('properties', 'an object of strings')
  const known = acks.find((each) => each === ack)
  if (ack !== undefined && known === undefined) throw invalid('ack', acks.join(', '))
  return { body: bodyOf(value.body), properties, ...textsOf(value), ...(known ? { ack: known } : {}) }
}

function textsOf(value: Readonly<Record<string, unknown>>): Text {
  const texts: Text = {}
  for (const field of textFields) {
    const text = value[field]
    if (text === undefined) continue
    if (typeof text !== 'string') throw invalid(field, 'a string')
    texts[field] = text
  }
  return texts
}

function bodyOf(body: unknown): Buffer {
  if (!isRecord(body) || !('$base64' in body)) return Buffer.from(JSON.stringify(body))
  const base64 = body.$base64
  if (typeof base64 !== 'string') throw invalid('$base64', 'a string')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) throw invalid('$base64', 'base64')
  return bytes
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((each) => typeof each === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(field: string, expected: string): HubError {
  return new HubError(400004, `${field} must be ${expected}`)
}
