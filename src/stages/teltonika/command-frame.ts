import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../core/errors.ts'
import type { Command } from '../../core/items.ts'
import { encodeMessage, requestType } from './messages.ts'
import { sealPacket } from './packet.ts'

/** A command as it goes to the device, and the codec that its answer will have. */
export interface SpokenCommand {
  readonly command: Command
  readonly codec: 12 | 14
  readonly frame: Buffer
}

/**
 * Makes the packet that carries a command: codec 12, or 14 where its property `codec` says so, to the device that logged in as `imei`.
 *
 * ```
 * C2D message    its body, text or bytes; a body that is a text in JSON is that text      getinfo, "getinfo"
 * method         its name, and its payload behind it where that is a text                 setparam "2001:internet"
 * ```
 * `NOT_SUPPORTED` for another codec, and for what is neither message nor method; `BAD_CONTENT` for one that says nothing, and for a payload
 * that is no text.
 */
export function speakCommand(command: Command, imei: string | undefined): SpokenCommand {
  const payload = payloadOf(command)
  if (payload.length === 0) throw new GatewayError('BAD_CONTENT', 'the command is empty')
  const { codec = '12' } = command.properties
  if (codec === '12') {
    return { command, codec: 12, frame: sealPacket(encodeMessage(12, { type: requestType, payload })) }
  }
  if (codec !== '14') throw new GatewayError('NOT_SUPPORTED', 'the property codec of a command is neither 12 nor 14')
  if (imei === undefined || imei.length > 16) {
    throw new GatewayError(
      'NOT_SUPPORTED',
      'codec 14 takes an IMEI of up to 16 digits, the device did not log in with one',
    )
  }
  return { command, codec: 14, frame: sealPacket(encodeMessage(14, { type: requestType, imei, payload })) }
}

function payloadOf({ via, name, body }: Command): Buffer {
  if (via === 'c2d') return textOf(body) ?? body
  if (via === 'desired') throw new GatewayError('NOT_SUPPORTED', 'the device has no desired properties')
  const isEmpty = ['', 'null', '{}'].includes(body.toString('latin1').trim())
  const payload = isEmpty ? Buffer.alloc(0) : textOf(body)
  if (payload === undefined) throw new GatewayError('BAD_CONTENT', 'the payload of the method is not a text')
  return Buffer.concat([Buffer.from(name ?? ''), Buffer.from(payload.length > 0 ? ' ' : ''), payload])
}

/** The text of a body that is a text in JSON, as tools that send JSON only write it; no command begins with a quotation mark. */
function textOf(body: Buffer): Buffer | undefined {
  if (body[0] !== 0x22 || !isUtf8(body)) return undefined
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'string' ? Buffer.from(value) : undefined
  } catch {
    return undefined
  }
}
