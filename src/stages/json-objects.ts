import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'

/** Options of {@link jsonObjects}. */
export interface JsonObjectsOptions {
  /** Longest object in bytes; at least 2. */
  readonly maxLength: number
  /** So many objects and arrays may be open at once, the outermost counted; default 64. */
  readonly maxDepth?: number
}

/**
 * JSON objects (RFC 8259) one behind the other, with or without white space between them, each from its `{` to the `}` that closes it;
 * braces in strings do not count. Arrays, numbers and strings are no frames of their own.
 *
 * ```
 *   {"a":{"b":1}}{"c":"}\""} CR LF {}      →      {"a":{"b":1}} | {"c":"}\""} | {}
 * ```
 * Whether what is in the braces is JSON is for the next stage to say: only strings, braces and brackets are looked at, every byte once.
 * Down, an object as it is; one line each with `trailer(jsonObjects(…), '\n', { write: true })`. To find the next object after bytes
 * that are none: `idleBytes(skipUntil(jsonObjects(…), '{'), ' \t\r\n')`. A frame within one chunk is a view of it.
 *
 * Errors: `FRAME_CORRUPT` for bytes between objects that are no white space (nothing after them can be framed; within `skipUntil` the
 * next brace is looked for), and for an object deeper than `maxDepth`, `FRAME_TOO_LONG` for one over `maxLength`, as soon as that is
 * certain (both are passed over to their end if the policy goes on; within `skipUntil`, to the next brace, be it of an object in them),
 * `FRAME_UNTERMINATED` for what the device left unfinished. Down, `BUG` for what is not exactly one object within `maxLength` and
 * `maxDepth`. `CONFIGURATION` for a `maxLength` that is no integer of at least 2 or a `maxDepth` that is no positive one.
 */
export function jsonObjects(options: JsonObjectsOptions): Framing {
  const { maxLength, maxDepth = 64 } = options
  if (!Number.isSafeInteger(maxLength) || maxLength < 2) {
    throw new GatewayError('CONFIGURATION', `jsonObjects: maxLength must be an integer of at least 2, not ${maxLength}`)
  }
  if (!Number.isSafeInteger(maxDepth) || maxDepth < 1) {
    throw new GatewayError('CONFIGURATION', `jsonObjects: maxDepth must be a positive integer, not ${maxDepth}`)
  }
  const finder = () => new ObjectFinder(maxLength, maxDepth)
  return framing('jsonObjects', {
    maxBytes: maxLength,
    finder,
    frame(frame) {
      const whole = frame.length > 0 ? finder().find(frame, 0) : undefined
      if (whole?.kind === 'frame' && whole.next === frame.length) return frame
      const why = whole?.kind === 'refuse' ? `: ${whole.error.message}` : ''
      throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent is not one JSON object${why}`)
    },
  })
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

class ObjectFinder implements FrameFinder {
  readonly #maxLength: number
  readonly #maxDepth: number
  /** So many bytes of the object have been looked at; the rest of what is remembered is of them. */
  #looked = 0
  #braces = 0
  #brackets = 0
  #inString = false
  #escaped = false
  /** The object has been refused, its end has not come. */
  #passing = false

  constructor(maxLength: number, maxDepth: number) {
    this.#maxLength = maxLength
    this.#maxDepth = maxDepth
  }

  find(window: Buffer, from: number): found.Found {
    if (this.#passing) return this.#pass(window, from)
    if (this.#looked === 0) {
      const byte = window[from] as number
      if (isSpace(byte)) return found.idle(from + 1)
      if (byte !== openBrace) {
        const begin = window.toString('hex', from, from + 1)
        const error = new GatewayError('FRAME_CORRUPT', `no JSON object begins with the byte ${begin}`)
        return found.refuse(error, Number.POSITIVE_INFINITY, from + 1)
      }
    }
    const limit = from + this.#maxLength
    const stopped = this.#lookOn(window, from + this.#looked, Math.min(window.length, limit), this.#maxDepth)
    this.#looked = stopped - from
    if (this.#braces === 0) {
      this.forget()
      return found.frame(window.subarray(from, stopped), stopped)
    }
    if (this.#braces + this.#brackets > this.#maxDepth) {
      const message = `a JSON object has more than ${this.#maxDepth} objects and arrays open at once`
      return this.#refuse(new GatewayError('FRAME_CORRUPT', message), stopped)
    }
    if (stopped === limit) return this.#refuse(this.#tooLong(), stopped)
    return found.waitForMore(this.#maxLength)
  }

  forget(): void {
    this.#looked = 0
    this.#braces = 0
    this.#brackets = 0
    this.#inString = false
    this.#escaped = false
    this.#passing = false
  }

  #refuse(error: GatewayError, at: number): found.Found {
    this.#passing = true
    return found.refuseBegun(error, at, at)
  }

  #pass(window: Buffer, from: number): found.Found {
    const stopped = this.#lookOn(window, from, window.length, Number.POSITIVE_INFINITY)
    if (this.#braces > 0) return found.idleWithin(stopped)
    this.forget()
    return found.idle(stopped)
  }

  /** Looks at the bytes from `from` to `to`; returns the index behind the one that closes the object or goes too deep, else `to`. */
  #lookOn(window: Buffer, from: number, to: number, maxDepth: number): number {
    for (let at = from; at < to; at++) {
      const byte = window[at] as number
      if (this.#escaped) this.#escaped = false
      else if (byte === quote) this.#inString = !this.#inString
      else if (this.#inString) this.#escaped = byte === backslash
      else if (byte === openBrace) this.#braces++
      else if (byte === openBracket) this.#brackets++
      else if (byte === closeBracket) this.#brackets = Math.max(0, this.#brackets - 1)
      else if (byte === closeBrace) this.#braces--
      else continue
      if (this.#braces === 0 || this.#braces + this.#brackets > maxDepth) return at + 1
    }
    return to
  }

  #tooLong(): GatewayError {
    const message = `a frame of at least ${this.#maxLength + 1} bytes exceeds the limit of ${this.#maxLength}`
    return new GatewayError('FRAME_TOO_LONG', message)
  }
}

/** White space of JSON. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}
