import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { tooLong } from './enclosed.ts'
import { FlagFinder } from './flag-finder.ts'

/** Options of {@link cobs}. */
export interface CobsOptions {
  /** Longest frame in bytes, before it is stuffed; at least 1. */
  readonly maxLength: number
}

/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM Transactions on Networking 7, 1999): 00 behind each frame, and
 * none inside. A frame and a 00 that is thought behind it are written in blocks: a code, and code − 1 bytes that are not 00; then
 * 00 is meant, unless the code was FF.
 *
 * ```
 *   03 A1 A2 02 B1 00            ↔     A1 A2 00 B1
 *   01 00                        ↔     an empty frame
 *   02 A1 00 00 00 02 B1 00      →     A1 | B1           nothing between two 00 is no frame
 *   FF (254 bytes) 00            ↔     254 bytes         no 00 behind it was meant, so none is thought
 *   FF (254 bytes) 01 00         →     254 bytes         as the paper's own code writes it
 *   05 A1 A2 00                  →     FRAME_DAMAGED     4 bytes were promised
 * ```
 * A frame of one block within one chunk is a view of it.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength` (it is skipped to its 00 if the policy goes on), `FRAME_DAMAGED` for one
 * that ends inside of a block, `FRAME_UNTERMINATED` for what the device left unfinished, never passed on. `CONFIGURATION` for a
 * `maxLength` that is not a positive integer.
 */
export function cobs({ maxLength }: CobsOptions): Framing {
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `cobs: maxLength must be a positive integer, not ${maxLength}`)
  }
  const flag = Buffer.of(0)
  // One byte more than stuffing needs, for the 01 behind a last block of 254 bytes.
  const maxBody = maxLength + Math.floor(maxLength / longestBlock) + 1
  const take = (window: Buffer, bodyAt: number, bodyEnd: number) => {
    const frame = unstuff(window.subarray(bodyAt, bodyEnd))
    return frame instanceof GatewayError || frame.length <= maxLength ? frame : tooLong(maxLength)
  }
  return framing('cobs', {
    maxBytes: flag.length + maxBody + flag.length,
    finder: () => new FlagFinder({ flag, begun: true, maxLength, maxBody, take }),
    frame: stuff,
  })
}

/** Most bytes of a block; its code is FF. */
const longestBlock = 254

function unstuff(body: Buffer): Buffer | GatewayError {
  if (body[0] === body.length) return body.subarray(1)
  const frame = Buffer.allocUnsafe(body.length)
  let end = 0
  for (let at = 0; at < body.length; ) {
    const code = body[at] as number
    const next = at + code
    if (next > body.length) {
      const message = `the block at byte ${at} of ${body.length} should have ${code} bytes`
      return new GatewayError('FRAME_DAMAGED', message)
    }
    for (at++; at < next; at++) frame[end++] = body[at] as number
    if (code <= longestBlock && next < body.length) frame[end++] = 0
  }
  return frame.subarray(0, end)
}

function stuff(frame: Buffer): Buffer {
  const wire = Buffer.allocUnsafe(frame.length + Math.floor(frame.length / longestBlock) + 2)
  let codeAt = 0
  let end = 1
  for (let at = 0; at < frame.length; at++) {
    const byte = frame[at] as number
    if (byte !== 0) wire[end++] = byte
    const full = end - codeAt > longestBlock && at + 1 < frame.length
    if (byte !== 0 && !full) continue
    wire[codeAt] = end - codeAt
    codeAt = end++
  }
  wire[codeAt] = end - codeAt
  wire[end++] = 0
  return wire.subarray(0, end)
}
