import { GatewayError } from '../../core/errors.ts'
import { jt808Frame } from '../schemas/jt808-message.ts'

/** To whom a JT/T 808 message belongs, and in which form of the header: what answers copy from what they answer. */
export interface Terminal {
  /** The header of 2019: 10 bytes of id and a protocol version. */
  readonly version2019: boolean
  /** 2019 only; undefined before. */
  readonly protocolVersion: number | undefined
  /** The id as it is sent: 6 bytes, or 10 of 2019, as hexadecimal digits. */
  readonly terminalIdHex: string
}

/** Place of a sub-package in its message; `index` counts from 1. */
export interface SubPackage {
  readonly total: number
  readonly index: number
}

/** The header of a JT/T 808 message. */
export interface Header extends Terminal {
  readonly id: number
  readonly serial: number
  /** 0: none; 1: RSA; others are reserved. */
  readonly encryption: number
  readonly subpackage: SubPackage | undefined
  /** What the header says of its body's length. */
  readonly bodyLength: number
}

/** A JT/T 808 message: unescaped, its check taken off. */
export interface Message {
  readonly header: Header
  readonly body: Buffer
  /** All of it, header and body; of a joined message the body. */
  readonly frame: Buffer
  /** What it was joined of: the serials of its sub-packages, in order. */
  readonly serials?: readonly number[]
}

/** Longest body of one message: its length has ten bits. */
export const maxBodyLength = 1023

/** An id as the standard prints it: `0x0200`. */
export function idText(id: number): string {
  return `0x${id.toString(16).padStart(4, '0')}`
}

/** Digits without leading zeros where the id is decimal, as the standard wants it, else all its hexadecimal digits. Empty for an id of zeros. */
export function terminalIdOf(terminalIdHex: string): string {
  return /^\d*$/.test(terminalIdHex) ? terminalIdHex.replace(/^0+/, '') : terminalIdHex
}

/**
 * Reads the header of a message.
 *
 * ```
 * 02 00 │ 00 1C │ 01 23 45 67 89 01 │ 00 07 │ (00 02 00 01) │ …      2011, 2013
 * 02 00 │ 40 1C │ 01 │ 00 00 00 00 01 23 45 67 89 01 │ 00 07 │ …     2019
 * ```
 * The length that it names is not compared with the body: {@link faultOfLength} does. Throws `BAD_CONTENT` for a header cut short.
 *
 * Source: JT/T 808-2011, 808-2013, 808-2019.
 */
export function readMessage(frame: Buffer): Message {
  try {
    const { id, attributes, protocol_version, terminal_id, serial, subpackage, body } = jt808Frame.decode(frame)
    const header: Header = {
      id,
      version2019: attributes.version2019,
      protocolVersion: protocol_version,
      terminalIdHex: terminal_id,
      serial,
      encryption: attributes.encryption,
      subpackage,
      bodyLength: attributes.body_length,
    }
    return { header, body, frame }
  } catch (cause) {
    throw new GatewayError('BAD_CONTENT', `the header of a message of ${frame.length} bytes is cut short`, { cause })
  }
}

/** What is wrong with a body: its length is not the header's. */
export function faultOfLength({ header, body }: Message): GatewayError | undefined {
  if (header.bodyLength === body.length) return undefined
  const says = `says ${header.bodyLength} bytes of body, ${body.length} are there`
  return new GatewayError('BAD_CONTENT', `the header of a ${idText(header.id)} ${says}`)
}

/** Parts of a message that {@link writeMessage} takes. */
export interface Written {
  readonly id: number
  readonly serial: number
  readonly body: Buffer
  readonly encryption?: number
  readonly subpackage?: SubPackage | undefined
}

/** A message for, or from, a terminal, without check and escapes. `MESSAGE_TOO_LARGE` for a body of more than 1023 bytes. */
export function writeMessage(terminal: Terminal, { id, serial, body, encryption = 0, subpackage }: Written): Buffer {
  if (body.length > maxBodyLength) {
    const message = `the body of a ${idText(id)} has ${body.length} bytes, a message holds ${maxBodyLength}`
    throw new GatewayError('MESSAGE_TOO_LARGE', message)
  }
  return jt808Frame.encode({
    id,
    attributes: {
      reserved: false,
      version2019: terminal.version2019,
      subpackage: subpackage !== undefined,
      encryption,
      body_length: body.length,
    },
    ...(terminal.version2019 && { protocol_version: terminal.protocolVersion ?? 1 }),
    terminal_id: terminal.terminalIdHex,
    serial,
    ...(subpackage !== undefined && { subpackage }),
    body,
  })
}
