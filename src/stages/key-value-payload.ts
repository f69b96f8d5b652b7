import { GatewayError } from '../core/errors.ts'
import { badFrame, encoding, type PayloadFormat } from './payload-format.ts'
import { fieldOf, fieldText, separatorOf, type TextFields, textOf } from './text-fields.ts'

/** Options of {@link keyValuePayload}. */
export interface KeyValuePayloadOptions {
  /** What stands between two pairs, and may stand behind the last; default `;`. */
  readonly pairSeparator?: string
  /** What stands between key and value, the first of them if there are several; default `=`. */
  readonly keySeparator?: string
  /** The keys whose values are numbers, an empty value being null; all others are text. Default none. */
  readonly numbers?: readonly string[]
}

/**
 * Pairs of key and value in a line of text.
 *
 * ```
 * numbers: ['t']      id=7;t=20.5  ↔  { id: '7', t: 20.5 }
 * ```
 * Errors: `BAD_CONTENT` for a part that is no pair, an empty key, a key twice, a number that is none, what is not UTF-8. Down, `BUG`
 * for a value without members, and for keys and values that hold what separates them. `CONFIGURATION` for separators that are
 * empty or the same.
 */
export function keyValuePayload(options: KeyValuePayloadOptions = {}): PayloadFormat<TextFields> {
  const pairSeparator = separatorOf(options.pairSeparator ?? ';', 'keyValuePayload: pairSeparator')
  const keySeparator = separatorOf(options.keySeparator ?? '=', 'keyValuePayload: keySeparator')
  if (pairSeparator.includes(keySeparator) || keySeparator.includes(pairSeparator)) {
    throw new GatewayError('CONFIGURATION', 'keyValuePayload: pairSeparator and keySeparator must not hold one another')
  }
  const numbers = new Set(options.numbers)

  function decode(frame: Buffer): TextFields {
    const parts = textOf(frame).split(pairSeparator)
    if (parts.at(-1) === '') parts.pop()
    const pairs = parts.map((part, index): [string, string | number | null] => {
      const at = part.indexOf(keySeparator)
      if (at < 1) throw badFrame(frame.length, `has no key and value in part ${index + 1}`)
      const key = part.slice(0, at)
      return [key, fieldOf(part.slice(at + keySeparator.length), numbers.has(key), index + 1)]
    })
    if (pairs.length === 0) throw badFrame(frame.length, 'has no key and value')
    const fields = Object.fromEntries(pairs)
    if (Object.keys(fields).length !== pairs.length) throw badFrame(frame.length, 'has the same key twice')
    return fields
  }

  function encode(value: TextFields): Buffer {
    const pairs = Object.entries(value).map(([key, each]) => `${key}${keySeparator}${fieldText(each)}`)
    const frame = Buffer.from(pairs.join(pairSeparator))
    // What a device would read: separators in keys and values would make other pairs of them.
    const read = Object.entries(decode(frame))
    const same = ([key, text]: [string, unknown]) => fieldText(text) === fieldText(value[key])
    if (read.length !== pairs.length || !read.every(same)) {
      throw new GatewayError('BUG', 'a key or value to be sent holds what separates them')
    }
    return frame
  }

  return {
    name: 'keyValue',
    contentType: 'text/plain',
    decode,
    encode: (value) => encoding('key=value', () => encode(value)),
  }
}
