import { isUtf8 } from 'node:buffer'
import { jsonText } from './json-text.ts'
import { badFrame, encoding, maxDepth, type PayloadFormat, refusing } from './payload-format.ts'

/**
 * JSON (RFC 8259), one value of any kind a frame, without a protocol of its own in it as `json` has.
 *
 * ```
 * 7B 22 74 22 3A 32 30 2E 35 7D  ↔  { t: 20.5 }
 * ```
 * The JSON body of a message is the frame as it came, so that numbers keep digits which JavaScript cannot hold. `T` is what you
 * say that devices send; nothing checks it.
 *
 * Errors: `BAD_CONTENT` for what is not JSON in UTF-8, what nests deeper than 64, and a key twice: whoever reads the body might
 * take the other one.
 */
export function jsonPayload<T = unknown>(): PayloadFormat<T> {
  return {
    name: 'json',
    contentType: 'application/json',
    decode: (frame) => decode(frame) as T,
    encode: (value) => encoding('JSON', () => Buffer.from(jsonText(value))),
    jsonBody: (_value, frame) => frame,
  }
}

function decode(frame: Buffer): unknown {
  if (!isUtf8(frame)) throw badFrame(frame.length, 'is not UTF-8')
  const members = membersIn(frame)
  const value = refusing(frame, 'JSON', (): unknown => JSON.parse(frame.toString()))
  if (membersOf(value) !== members) throw badFrame(frame.length, 'is JSON with the same key twice')
  return value
}

/** How many members are written in a text, if it is JSON: a colon each, outside of strings. */
function membersIn(text: Buffer): number {
  let members = 0
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (byte === 0x22) inString = !inString
    else if (inString) at += byte === 0x5c ? 1 : 0
    else if (byte === 0x3a) members++
    else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) depth--
    if (depth > maxDepth) throw badFrame(text.length, `nests deeper than ${maxDepth}`)
  }
  return members
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const each of Object.values(value)) members += membersOf(each)
  return members
}
