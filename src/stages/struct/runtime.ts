// What generated code calls when something is wrong, or is too long to be written out each time. A path names a field, such as
// `records[3].time`.
import { isAscii, isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { GatewayError } from '../../core/errors.ts'

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}

/** The bytes end at `end`, within one of the fields `parts` that begin at `at`. */
export function short(at: number, end: number, parts: readonly (readonly [string, number])[]): GatewayError {
  let from = at
  for (const [path, size] of parts) {
    if (from + size > end) return bad(`${path} takes ${size} bytes at ${from}, of ${end} that there are`)
    from += size
  }
  return bad(`the bytes end at ${end}`)
}

/** Something is left behind a field that must be the last. */
export function leftOver(path: string, bytes: number, at: number): GatewayError {
  return bad(`${bytes} bytes are left at ${at}, behind the last of ${path}`)
}

/** A value that the field cannot hold. */
export function range(path: string, value: unknown, min: number | bigint, max: number | bigint): GatewayError {
  return bad(`${path} must be a whole number from ${min} to ${max}, not ${show(value)}`)
}

/** A value that is of another type. */
export function type(path: string, value: unknown, expected: string): GatewayError {
  return bad(`${path} must be ${expected}, not ${show(value)}`)
}

/** A number or a text that is not the one that it must be. */
export function differs(path: string, value: unknown, expected: unknown): GatewayError {
  return bad(`${path} is ${show(value)} instead of ${show(expected)}`)
}

/** An embedded check that does not hold; both as hex digits of `size` bytes. */
export function mismatch(path: string, name: string, size: number, computed: number, said: number): GatewayError {
  const hex = (value: number) => `0x${value.toString(16).padStart(2 * size, '0')}`
  return new GatewayError('CHECKSUM_MISMATCH', `${path}: ${name} is ${hex(computed)}, the frame says ${hex(said)}`)
}

/** Texts are not quoted, they may be secrets; bytes are those of marks. */
function show(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('hex', 0, 16)
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (typeof value === 'function' || (typeof value === 'object' && value !== null))
    return typeof value === 'function' ? 'a function' : 'an object'
  const text = String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** How many items a list has that is to be counted. */
export function count(value: unknown, path: string): number {
  if (!Array.isArray(value)) throw type(path, value, 'the number of items of a list')
  return value.length
}

/** A larger buffer with the same beginning. */
export function grow(w: Buffer, needed: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(needed, 2 * w.length))
  w.copy(larger)
  return larger
}

/** Reads text; refuses bytes that are none in its encoding. */
export function decodeText(b: Buffer, from: number, to: number, encoding: string, path: string): string {
  const bytes = b.subarray(from, to)
  if (encoding === 'ascii') {
    if (!isAscii(bytes)) throw bad(`${path} is not ASCII`)
    return bytes.toString('latin1')
  }
  if (encoding === 'utf8') {
    if (!isUtf8(bytes)) throw bad(`${path} is not UTF-8`)
    return bytes.toString()
  }
  const text = iconv.decode(bytes, encoding)
  // The decoder has no strict mode: what it could not read, it cannot write again.
  if (!iconv.encode(text, encoding).equals(bytes)) throw bad(`${path} is not ${encoding}`)
  return text
}

/** Writes text; refuses characters that the encoding does not have. */
export function encodeText(text: unknown, encoding: string, path: string): Buffer {
  if (typeof text !== 'string') throw type(path, text, 'a text')
  if (encoding === 'utf8') {
    if (/\p{Surrogate}/u.test(text)) throw bad(`${path} has half of a character`)
    return Buffer.from(text)
  }
  if (encoding === 'ascii') {
    const bytes = Buffer.from(text, 'latin1')
    if (bytes.length !== text.length || !isAscii(bytes) || bytes.toString('latin1') !== text)
      throw bad(`${path} is not ASCII`)
    return bytes
  }
  const bytes = iconv.encode(text, encoding)
  if (iconv.decode(bytes, encoding) !== text) throw bad(`${path} has characters that ${encoding} does not have`)
  return bytes
}

/** Hexadecimal digits, two a byte. */
export function encodeHex(text: unknown, size: number, path: string): Buffer {
  if (typeof text !== 'string' || text.length !== 2 * size || !/^[0-9a-f]*$/i.test(text)) {
    throw type(path, text, `${2 * size} hexadecimal digits`)
  }
  return Buffer.from(text, 'hex')
}

/** Decimal digits packed into `b` from `from` to `to`. */
export function decodeBcd(b: Buffer, from: number, to: number, digits: number, path: string): string {
  const text = b.toString('hex', from, to)
  if (/[a-f]/.test(text)) throw bad(`${path} has digits that are not decimal`)
  const cut = text.length - digits
  if (cut > 0 && text[0] !== '0') throw bad(`${path} has more than ${digits} digits`)
  return cut > 0 ? text.slice(cut) : text
}

/** Decimal digits of a given number. */
export function encodeBcd(text: unknown, digits: number, path: string): Buffer {
  if (typeof text !== 'string' || text.length !== digits || !/^[0-9]*$/.test(text)) {
    throw type(path, text, `${digits} decimal digits`)
  }
  return Buffer.from(text.padStart(2 * Math.ceil(digits / 2), '0'), 'hex')
}

/** A number of decimal digits, two a byte. */
export function decodeBcdNumber(b: Buffer, from: number, to: number, path: string): number {
  return Number(decodeBcd(b, from, to, 2 * (to - from), path))
}

const greatestTime = 8.64e15

/** Milliseconds since 1970 as ISO 8601 in UTC. */
export function isoOf(ms: number, path: string): string {
  if (Math.abs(ms) > greatestTime) throw bad(`${path} is ${ms} ms after 1970, which is no date`)
  return new Date(ms).toISOString()
}

const isoTime = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,3})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** Milliseconds since 1970 of a time in ISO 8601 with its zone; NaN for anything else, such as a day that there is not. */
function msOf(iso: unknown): number {
  const local = typeof iso === 'string' ? isoTime.exec(iso)?.[1] : undefined
  // Date.parse takes the 30th of February for the 2nd of March.
  const said = local === undefined ? Number.NaN : Date.parse(`${local}Z`)
  if (Number.isNaN(said) || new Date(said).toISOString().slice(0, -5) !== local) return Number.NaN
  return Date.parse(iso as string)
}

/** ISO 8601 as a number of units of `unitMs` since 1970. */
export function unitsOf(iso: unknown, unitMs: number, path: string): number {
  const ms = msOf(iso)
  if (Number.isNaN(ms)) throw type(path, iso, 'a time in ISO 8601 with its zone')
  const units = ms / unitMs
  if (!Number.isInteger(units)) throw bad(`${path} is finer than ${unitMs} ms`)
  return units
}

/** A calendar's numbers as ISO 8601: in UTC where the offset of their zone is known, else as they stand. */
export function calendarIso(parts: readonly number[], offsetMs: number | undefined, path: string): string {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const date = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute, second))
  const said = [date.getUTCFullYear() - 2000, date.getUTCMonth() + 1, date.getUTCDate()]
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
  if (year > 99 || [...said, ...time].some((each, index) => each !== parts[index]))
    throw bad(`${path} is no date: ${parts.join(' ')}`)
  if (offsetMs === undefined) return date.toISOString().slice(0, 19)
  return new Date(date.getTime() - offsetMs).toISOString()
}

/** The inverse of {@link calendarIso}. */
export function calendarParts(iso: unknown, offsetMs: number | undefined, path: string): number[] {
  const ms = msOf(typeof iso === 'string' && offsetMs === undefined ? `${iso}Z` : iso)
  if (Number.isNaN(ms))
    throw type(path, iso, `a time in ISO 8601 ${offsetMs === undefined ? 'without' : 'with its'} zone`)
  const date = new Date(ms + (offsetMs ?? 0))
  const year = date.getUTCFullYear()
  if (year < 2000 || year > 2099) throw bad(`${path} must be in the years 2000 to 2099, not ${year}`)
  if (ms % 1000 !== 0) throw bad(`${path} is finer than a second`)
  return [
    year - 2000,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ]
}
