import { GatewayError } from '../core/errors.ts'
import { maxDepth } from './payload-format.ts'

/**
 * A value as JSON, as JSON.stringify has it, except that nothing is lost that JSON can say:
 *
 * ```
 * Buffer, Uint8Array      base64 in a text           Buffer.of(1, 2)   →  "AQI="
 * BigInt                  a number, all its digits   2n ** 64n         →  18446744073709551616
 * Date                    ISO 8601 in UTC            new Date(0)       →  "1970-01-01T00:00:00.000Z"
 * NaN, infinities         null                       0 / 0             →  null
 * undefined               in a list null, as a member left out
 * ```
 * Errors: `BAD_CONTENT` for a date that is none, and for what nests deeper than 64.
 */
export function jsonText(value: unknown): string {
  return written(value, 0) ?? 'null'
}

/** Undefined for what JSON leaves out. */
function written(value: unknown, depth: number): string | undefined {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (depth > maxDepth) throw new GatewayError('BAD_CONTENT', `a value nests deeper than ${maxDepth}`)
  if (value instanceof Uint8Array) return `"${asBuffer(value).toString('base64')}"`
  if (Array.isArray(value)) return `[${value.map((each) => written(each, depth + 1) ?? 'null').join(',')}]`
  if (value instanceof Date && Number.isNaN(value.getTime())) throw new GatewayError('BAD_CONTENT', 'a date is none')
  if (isOwnWriter(value)) return written(value.toJSON(), depth + 1)
  return object(value as Readonly<Record<string, unknown>>, depth)
}

function object(value: Readonly<Record<string, unknown>>, depth: number): string {
  let members = ''
  for (const key of Object.keys(value)) {
    const text = written(value[key], depth + 1)
    if (text !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${text}`
  }
  return `{${members}}`
}

/** Dates are, and secrets, which must not be written in any other way. */
function isOwnWriter(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
