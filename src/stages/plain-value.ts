import { GatewayError } from '../core/errors.ts'

/**
 * What the decoders of CBOR and MessagePack give, as plain values: maps become objects, whose keys are texts or the digits of
 * integers, and integers are BigInts only beyond 2^53 - 1. `members` is how many the frame has in all its maps: fewer keys than
 * that, and a map has one twice.
 *
 * Errors: `BAD_CONTENT` for a key twice (1 and "1" are the same), for keys of other types, and for a date that is none.
 */
export function plainValue(value: unknown, members: number): unknown {
  const keys = { count: 0 }
  const plain = plainOf(value, keys)
  if (keys.count !== members) throw bad('a map has the same key twice')
  return plain
}

function plainOf(value: unknown, keys: { count: number }): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = plainOf(value[index], keys)
    return value
  }
  if (value instanceof Map) {
    const members: [string, unknown][] = []
    for (const [key, member] of value) members.push([nameOf(key), plainOf(member, keys)])
    // Not by assignment: that of a member called __proto__ would set the prototype.
    const object = Object.fromEntries(members)
    keys.count += Object.keys(object).length
    return object
  }
  if (value instanceof Date && Number.isNaN(value.getTime())) throw bad('a date is none')
  return value
}

function nameOf(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'bigint' || Number.isInteger(key)) return String(key)
  throw bad('a map has a key that is neither a text nor an integer')
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
