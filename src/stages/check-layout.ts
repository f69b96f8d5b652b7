import { GatewayError } from '../core/errors.ts'
import type { Check } from './check.ts'
import { type CheckKind, checkOf } from './check-kinds.ts'
import type { ChecksumOptions } from './checksum.ts'
import { bigEndian, digits, type LengthEncoding, littleEndian } from './length-encoding.ts'

/** Where the check stands in a frame and what it covers. */
export interface CheckLayout {
  readonly check: Check
  /** How its number is written. */
  readonly encoding: LengthEncoding
  /** Bytes that it takes. */
  readonly bytes: number
  readonly at: Place
  /** Bytes that stand directly before it and are taken off with it. */
  readonly lead: Buffer
  /** The first byte of a frame is one of these; any where there are none. */
  readonly firstBytes: Buffer
  readonly from: Place
  readonly to: Place
  /** Bytes of the shortest frame that has room for all that. */
  readonly least: number
  readonly strip: boolean
}

/** A place in a frame: `offset` bytes behind its beginning or, where `fromEnd` is 1, behind its end. */
interface Place {
  readonly fromEnd: 0 | 1
  readonly offset: number
}

/** The index of a place in a frame of so many bytes. */
export function indexOf({ fromEnd, offset }: Place, length: number): number {
  return fromEnd * length + offset
}

const start: Place = { fromEnd: 0, offset: 0 }
const end: Place = { fromEnd: 1, offset: 0 }
const none = Buffer.alloc(0)

/** What the options of `checksum` come to. `CONFIGURATION` where that cannot work. */
export function checkLayoutOf(kind: CheckKind | Check, options: ChecksumOptions): CheckLayout {
  const check = typeof kind === 'string' ? checkOf(kind) : kind
  if (!Number.isInteger(check.size) || check.size < 1 || check.size > 6) {
    refuse(`a check has 1 to 6 bytes, not ${check.size}`)
  }
  const isNmea = kind === 'NMEA'
  const { encoding: written = isNmea ? 'hex' : 'binary' } = options
  const encoding = encodingOf(written, options.byteOrder)
  const bytes = written === 'hex' ? 2 * check.size : check.size
  const lead = isNmea ? Buffer.from('*') : none
  const at = placeOf('at', options.at ?? -bytes)
  if (at.fromEnd === 1 && at.offset > -bytes) {
    refuse(`at must be 0 or more, or at most -${bytes}, as the check takes ${bytes} bytes, not ${at.offset}`)
  }
  if (at.fromEnd === 0 && at.offset < lead.length) {
    refuse(`at must be ${lead.length} or more, or below 0, as ${lead} stands before the check, not ${at.offset}`)
  }
  const before = plus(at, -lead.length)
  const behind = plus(at, bytes)
  const from = placeOf('over.from', options.over?.from ?? (isNmea ? 1 : options.at === 0 ? bytes : 0))
  const isFirst = lengthToOrder(behind, from) < Number.POSITIVE_INFINITY
  const to = options.over?.to === undefined ? (isFirst ? end : before) : placeOf('over.to', options.over.to)
  if (lengthToOrder(plus(from, 1), to) === Number.POSITIVE_INFINITY) {
    refuse(`over must have a byte or more in every long frame, not those from ${said(from)} to ${said(to)}`)
  }
  const apart = Math.min(lengthToOrder(to, before), lengthToOrder(behind, from))
  if (apart === Number.POSITIVE_INFINITY) {
    refuse(`over, from ${said(from)} to ${said(to)}, overlaps the check, from ${said(before)} to ${said(behind)}`)
  }
  const isLast = behind.fromEnd === 1 && behind.offset === 0
  const { strip = isLast } = options
  if (strip && !isLast)
    refuse(`strip must be false where the check does not end with the frame but stands at ${said(at)}`)
  const edges = [lengthToOrder(start, before), lengthToOrder(behind, end), lengthToOrder(start, from)]
  const range = [lengthToOrder(from, to), lengthToOrder(to, end), apart]
  const least = Math.max(...edges, ...range)
  return { check, encoding, bytes, at, lead, firstBytes: isNmea ? Buffer.from('$!') : none, from, to, least, strip }
}

function encodingOf(written: string, byteOrder: ChecksumOptions['byteOrder']): LengthEncoding {
  if (!['binary', 'hex'].includes(written)) refuse(`encoding must be 'binary' or 'hex', not ${written}`)
  if (byteOrder !== undefined && !['big-endian', 'little-endian'].includes(byteOrder)) {
    refuse(`byteOrder must be 'big-endian' or 'little-endian', not ${byteOrder}`)
  }
  if (byteOrder !== 'little-endian') return written === 'hex' ? digits(16) : bigEndian
  return written === 'hex' ? refuse('byteOrder must be big-endian where encoding is hex') : littleEndian
}

function placeOf(option: string, offset: number): Place {
  if (!Number.isSafeInteger(offset)) refuse(`${option} must be an integer, not ${offset}`)
  return { fromEnd: offset < 0 ? 1 : 0, offset }
}

function plus({ fromEnd, offset }: Place, bytes: number): Place {
  return { fromEnd, offset: offset + bytes }
}

/** Bytes of the shortest frame in which `a` is not behind `b`, as in all longer ones; Infinity where long frames are not so. */
function lengthToOrder(a: Place, b: Place): number {
  if (a.fromEnd === b.fromEnd) return a.offset <= b.offset ? 0 : Number.POSITIVE_INFINITY
  return a.fromEnd < b.fromEnd ? a.offset - b.offset : Number.POSITIVE_INFINITY
}

function said({ fromEnd, offset }: Place): string {
  return fromEnd === 1 && offset === 0 ? 'the end' : `${offset}`
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `checksum: ${message}`)
}
