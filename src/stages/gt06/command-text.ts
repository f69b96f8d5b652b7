import { GatewayError } from '../../core/errors.ts'
import type { Command } from '../../core/items.ts'

/** What the length of a frame can count, less type, length and flag of the command, serial and CRC. */
const mostBytes = 255 - 10

/**
 * The text of a command as it goes to a tracker: its body; where that is a JSON text, what that says; of an object, its member `text`.
 * `behind`: bytes that follow it in the frame.
 *
 * ```
 * DYD,000000#     "DYD,000000#"     {"text":"DYD,000000#"}     →     DYD,000000#
 * ```
 * Throws `NOT_SUPPORTED` for desired properties, `BAD_CONTENT` for no text, `MESSAGE_TOO_LARGE` for one that a frame cannot hold.
 */
export function commandText({ via, body }: Command, behind: number): Buffer {
  if (via === 'desired')
    throw new GatewayError('NOT_SUPPORTED', 'a GT06 tracker takes commands, not desired properties')
  const text = textOf(body)
  if (text.length === 0) throw new GatewayError('BAD_CONTENT', 'a command to a GT06 tracker has no text')
  const most = mostBytes - behind
  if (text.length <= most) return text
  throw new GatewayError(
    'MESSAGE_TOO_LARGE',
    `a command of ${text.length} bytes exceeds the ${most} that a frame can hold`,
  )
}

function textOf(body: Buffer): Buffer {
  const first = body[0]
  // No command of these trackers begins like JSON.
  if (first !== 0x22 && first !== 0x7b) return body
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    return body
  }
  if (typeof value === 'string') return Buffer.from(value)
  const { text } = value as { readonly text?: unknown }
  if (typeof text === 'string') return Buffer.from(text)
  throw new GatewayError(
    'BAD_CONTENT',
    'a command in JSON is neither a text nor an object with a text as its member text',
  )
}
