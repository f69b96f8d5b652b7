import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { type Measure, MeasuredFinder } from './measured.ts'

/** Options of {@link varintLength}. */
export interface VarintLengthOptions {
  /** Longest frame in bytes, its length not counted; at least 1. */
  readonly maxLength: number
}

/** A length takes so many bytes at most: what holds 32 bits. */
const maxVarintBytes = 5

/**
 * Binary frames with their length in front of them as a base-128 varint: seven bits a byte, least significant first, the top bit
 * set in all bytes but the last. So are delimited streams of Protocol Buffers (`writeDelimitedTo`, protobuf.dev "Encoding"); LEB128.
 *
 * ```
 *   wire                            frame
 *   03 | A1 A2 A3               ↔   A1 A2 A3
 *   AC 02 | 300 bytes           ↔   300 bytes          0x2C + 2 × 128 = 300
 *   83 80 00 | A1 A2 A3         →   A1 A2 A3           longer than it need be, which down never is
 *   00                          ↔   a frame of no bytes
 * ```
 * A frame within one chunk is a view of it; one that is cut is copied once.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength` (exactly that frame is discarded if the policy goes on), `FRAME_CORRUPT` for a
 * length that has not ended after 5 bytes (nothing after it can be framed), `FRAME_UNTERMINATED` for what the device left
 * unfinished. `CONFIGURATION` for a `maxLength` that is not a positive integer.
 */
export function varintLength({ maxLength }: VarintLengthOptions): Framing {
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `varintLength: maxLength must be a positive integer, not ${maxLength}`)
  }
  return framing('varintLength', {
    maxBytes: maxVarintBytes + maxLength,
    finder: () => new MeasuredFinder(measure, maxLength),
    frame: (frame) => Buffer.concat([varintOf(frame.length), frame]),
  })
}

const measure: Measure = (window, from) => {
  let length = 0
  for (let bytes = 1; bytes <= maxVarintBytes; bytes++) {
    const byte = window[from + bytes - 1]
    if (byte === undefined) return { need: bytes }
    // No shift: the fifth byte goes beyond the 32 bits of one.
    length += (byte & 0x7f) * 128 ** (bytes - 1)
    if (byte < 0x80) return { total: bytes + length, contentAt: bytes, headerEnd: bytes, counted: length }
  }
  const begin = window.toString('hex', from, from + maxVarintBytes)
  const corrupt = `the length of a frame does not end within ${maxVarintBytes} bytes: ${begin}`
  return { corrupt, shown: maxVarintBytes }
}

function varintOf(length: number): Buffer {
  const bytes: number[] = []
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 0x80)
  return Buffer.from([...bytes, rest])
}
