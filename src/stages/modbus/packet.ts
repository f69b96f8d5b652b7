import { GatewayError } from '../../core/errors.ts'

/** A part of a packet that varies, or that is shown. Made by {@link packetDigits}, {@link packetWord}, {@link packetBytes}, {@link packetTail}. */
export interface PacketField {
  /** Its key among the fields of a packet. */
  readonly name: string
  readonly min: number
  readonly max: number
  accepts(byte: number, at: number): boolean
  /** What is shown of its bytes. */
  show(bytes: Buffer): string
}

/** The fields of a packet by name. */
export type PacketFields = Readonly<Record<string, string>>

/** A packet as it lies in the stream. */
export interface PacketMatch {
  readonly kind: 'match'
  readonly bytes: number
  /** True where more bytes of the same kind would belong to it too. */
  readonly mayGrow: boolean
  readonly fields: PacketFields
}

/** What a pattern sees: a packet, the beginning of one, or none. */
export type PacketSight = PacketMatch | { readonly kind: 'begun' | 'none' }

/** How a packet looks that has neither length nor check. Made by {@link packet}. */
export interface PacketPattern {
  /** The most bytes that it takes. */
  readonly maxBytes: number
  /** The name of the first part that varies; undefined where none does. */
  readonly firstField: string | undefined
  /** Looks at the bytes from `from` on. */
  at(window: Buffer, from: number): PacketSight
}

/** So many digits in ASCII, such as an IMEI of 15; or from `min` to `max`. */
export function packetDigits(name: string, min: number, max: number = min): PacketField {
  return { name, ...counted(name, min, max), accepts: isDigit, show: (bytes) => bytes.toString('latin1') }
}

/** Letters, digits, `-`, `_`, `.` in ASCII: so many, or from `min` to `max`. */
export function packetWord(name: string, min: number, max: number = min): PacketField {
  const accepts = (byte: number) => /[\w.-]/.test(String.fromCharCode(byte))
  return { name, ...counted(name, min, max), accepts, show: (bytes) => bytes.toString('latin1') }
}

/** So many bytes of any value, such as a MAC address of 6; shown in hexadecimal. */
export function packetBytes(name: string, count: number): PacketField {
  return { name, ...counted(name, count, count), accepts: () => true, show: (bytes) => bytes.toString('hex') }
}

/** Bytes that are always the same, and shown all the same, in hexadecimal. */
export function packetTail(name: string, bytes: Buffer): PacketField {
  const { length } = bytes
  return {
    name,
    ...counted(name, length, length),
    accepts: (byte, at) => byte === bytes[at],
    show: (shown) => shown.toString('hex'),
  }
}

/** More would not be a packet but a stream. DTUs allow 40 or so. */
const mostBytes = 128

/**
 * A registration or heartbeat packet: texts and bytes that are always the same, and fields that vary.
 *
 * ```
 * packet('LOGIN:', packetDigits('number', 4))                  4C4F47494E3A 31303031
 *                                                              L O G I N :  1 0 0 1
 * packet(packetDigits('imei', 15), Buffer.of(0, 1, 2, 3))      333535383337303839353132333433 00010203
 * packet('ping')                                               70696E67
 * packet(Buffer.of(0xff))                                      FF
 * ```
 * A field of varying length takes as much as it can, and nothing of it is given back to what follows. Where it comes last, only silence
 * ends the packet: give its length if you can. `CONFIGURATION` for a packet that may be empty or longer than 128 bytes.
 */
export function packet(...parts: readonly (string | Buffer | PacketField)[]): PacketPattern {
  const fields = parts.map((part): PacketField => (isField(part) ? part : fixed(part)))
  const maxBytes = fields.reduce((sum, { max }) => sum + max, 0)
  const minBytes = fields.reduce((sum, { min }) => sum + min, 0)
  if (minBytes < 1 || maxBytes > mostBytes) {
    throw new GatewayError('CONFIGURATION', `a packet takes 1 to ${mostBytes} bytes, not ${minBytes} to ${maxBytes}`)
  }
  const firstField = fields.find(({ name }) => name !== '')?.name
  return { maxBytes, firstField, at: (window, from) => sightOf(fields, window, from) }
}

function sightOf(parts: readonly PacketField[], window: Buffer, from: number): PacketSight {
  const shown: [string, string][] = []
  let at = from
  let mayGrow = false
  for (const { name, min, max, accepts, show } of parts) {
    const start = at
    while (at < window.length && at - start < max && accepts(window[at] as number, at - start)) at++
    const count = at - start
    const stopped = at < window.length
    if (count < min) return stopped ? none : begun
    mayGrow = !stopped && count < max
    if (name !== '') shown.push([name, show(window.subarray(start, at))])
  }
  return { kind: 'match', bytes: at - from, mayGrow, fields: Object.fromEntries(shown) }
}

const none: PacketSight = { kind: 'none' }
const begun: PacketSight = { kind: 'begun' }

function isField(part: string | Buffer | PacketField): part is PacketField {
  return typeof part === 'object' && !Buffer.isBuffer(part)
}

function fixed(part: string | Buffer): PacketField {
  return { ...packetTail('fixed', Buffer.from(part)), name: '' }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function counted(name: string, min: number, max: number): { min: number; max: number } {
  if (Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min && max <= mostBytes) return { min, max }
  throw new GatewayError('CONFIGURATION', `packet field '${name}' takes 1 to ${mostBytes} bytes, not ${min} to ${max}`)
}
