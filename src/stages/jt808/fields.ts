import { decodeBody } from './bodies.ts'
import { type Header, idText, type Message, type Terminal, terminalIdOf } from './message.ts'

/** A decoded message: `kind`, `message_id`, `terminal_id`, `serial` and what its body says, in the names and units of docs/protocols/jt808.md. */
export type MessageFields = Readonly<Record<string, unknown>> & { readonly kind: string }

/** The fields of a message that is whole and in the clear. `BAD_CONTENT` for a body that is none of its kind. */
export function fieldsOf(message: Message, envelope: boolean): MessageFields {
  const { header, body, serials } = message
  const { kind, fields } = decodeBody(header.id, body, header.version2019)
  if (serials === undefined) return described(message, kind, fields, envelope)
  const joined = { packages: serials.length, serials, ...fields }
  return described(message, kind === 'other' ? 'reassembled' : kind, joined, envelope)
}

/** The fields of a message whose body is not looked at: an encrypted one, a sub-package. */
export function opaqueFields(message: Message, kind: 'encrypted' | 'subpackage', envelope: boolean): MessageFields {
  const { subpackage } = message.header
  const place = subpackage === undefined ? {} : { subpackage }
  return described(message, kind, { ...place, body_hex: message.body.toString('hex') }, envelope)
}

/** What the locations of a batch have in common. */
export function batchFields(
  message: Message,
  batch: { readonly batch_type: number; readonly count: number },
  envelope: boolean,
): MessageFields {
  const { serials } = message
  // Not the serials: in each of a thousand locations they would be most of what is sent.
  const parts = serials === undefined ? {} : { packages: serials.length }
  return described(message, 'location_batch', { ...parts, ...batch }, envelope)
}

/** Who sent a message, as bodies say it. */
export function senderFields(header: Header): { readonly message_id: string; readonly terminal_id: string } {
  return { message_id: idText(header.id), terminal_id: terminalIdOf(header.terminalIdHex) }
}

function described(message: Message, kind: string, fields: object, envelope: boolean): MessageFields {
  const { header } = message
  return {
    kind,
    ...senderFields(header),
    version: versionOf(header),
    serial: header.serial,
    ...(envelope && envelopeOf(message)),
    ...fields,
  }
}

function versionOf({ version2019 }: Terminal): string {
  return version2019 ? '2019' : '2011/2013'
}

function envelopeOf({ header, frame, serials }: Message): object {
  const { protocolVersion, terminalIdHex, encryption, bodyLength } = header
  const fields = {
    protocol_version: protocolVersion ?? null,
    terminal_id_hex: terminalIdHex,
    encryption,
    body_length: bodyLength,
  }
  if (serials !== undefined) return fields
  const check = frame.reduce((xor, byte) => xor ^ byte, 0)
  // Every byte that looks like a flag or an escape was escaped, or the framing would have refused it.
  const escaped = [...frame, check].filter((byte) => byte === 0x7d || byte === 0x7e).length
  return {
    ...fields,
    checksum: check.toString(16).padStart(2, '0'),
    ...(escaped > 0 && { escaped_bytes: escaped }),
  }
}
