import { GatewayError } from '../core/errors.ts'

/**
 * The language of a payload: what a frame says, as a value, and back. Used by `payload`; knows nothing of the hub.
 *
 * Numbers, texts, lists and objects are those of JavaScript; an integer over 2^53 - 1 is a BigInt, bytes are a Buffer, a time is
 * a Date. An object has own members only, whatever their names: `__proto__` is one like any other.
 */
export interface PayloadFormat<T> {
  /** Label of metrics and of errors. */
  readonly name: string
  /** Content type of the frame as it comes, for messages that carry it unchanged. */
  readonly contentType?: string | undefined
  /** One whole frame into one value. Throws a GatewayError `BAD_CONTENT`, which never quotes text of the frame, for anything else. */
  decode(frame: Buffer): T
  /** A value into a frame; `decode(encode(value))` is the value again, but for a -0, which may be 0. Throws `BUG` or `BAD_CONTENT` for a value that the language cannot say. */
  encode(value: T): Buffer
  /** What stands for the frame in a JSON message body; without it, what {@link jsonText} makes of the value. */
  jsonBody?(value: T, frame: Buffer): Buffer
}

/** Lists, objects, maps and tags that a payload may nest: what is deeper is no reading, and could exhaust the stack. */
export const maxDepth = 64

/** What a decoder throws: `BAD_CONTENT` for a frame of `length` bytes. `fault` must not quote it. */
export function badFrame(length: number, fault: string): GatewayError {
  return new GatewayError('BAD_CONTENT', `a frame of ${length} bytes ${fault}`)
}

/** Runs what a library does to a frame. What it says of a frame that it refuses may quote it, and is not passed on. */
export function refusing<T>(frame: Buffer, language: string, decode: () => T): T {
  try {
    return decode()
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown
    throw badFrame(frame.length, `is not ${language}`)
  }
}

/** Runs what makes a frame of a value; whatever it throws is a defect of whoever gave the value. */
export function encoding(language: string, encode: () => Buffer): Buffer {
  try {
    return encode()
  } catch (cause) {
    if (cause instanceof GatewayError && cause.code === 'BUG') throw cause
    throw new GatewayError('BUG', `a value to be sent cannot be said in ${language}`, { cause })
  }
}
