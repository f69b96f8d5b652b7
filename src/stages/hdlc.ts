import { GatewayError } from '../core/errors.ts'
import type { Framing } from '../core/framing.ts'
import { type Escape, EscapeTable } from './escapes.ts'
import { flagged } from './flagged.ts'

/** Options of {@link hdlc}. */
export interface HdlcOptions {
  /** Longest frame in bytes, its check included, flags and escapes not counted; at least 1. */
  readonly maxLength: number
}

/**
 * HDLC-like framing of asynchronous lines: a flag before and behind each frame, one between two is enough; flags and escapes inside
 * are written as 7D and the byte with its bit 5 turned over. RFC 1662, section 4; the frame check sequence is a stage of its own.
 *
 * ```
 *   7E A1 7D 5E B1 7D 5D 7E          ↔     A1 7E B1 7D
 *   7E A1 7E B1 7E 7E 7E C1 7E       →     A1 | B1 | C1
 *   7E 7D 31 7E                      →     11                  any byte may come escaped
 *   7E A1 7D 7E B1 7E                →     FRAME_DAMAGED | B1  7D 7E gives a frame up (section 4.3)
 * ```
 * No control characters are left out on the way up (the map is empty, as between peers that agree on a clean line).
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength` (it is skipped to its flag if the policy goes on), `FRAME_DAMAGED` for one
 * that was given up, `FRAME_NOISE` for what comes before the first flag, `FRAME_UNTERMINATED` for what the device left unfinished,
 * never passed on. Down, `BUG` for an empty frame. `CONFIGURATION` for a `maxLength` that is not a positive integer.
 */
export function hdlc({ maxLength }: HdlcOptions): Framing {
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `hdlc: maxLength must be a positive integer, not ${maxLength}`)
  }
  const flag = Buffer.of(flagByte)
  const escapes = new EscapeTable(everyEscape(), 'hdlc')
  return flagged('hdlc', {
    enclosure: { start: flag, end: flag, trailing: 0, keep: false, escapes },
    maxLength,
    begun: false,
  })
}

const flagByte = 0x7e
const escapeByte = 0x7d

/** Of the flag there is none: a flag behind 7D is a flag. */
function everyEscape(): Escape[] {
  const escapes: Escape[] = []
  for (let byte = 0; byte < 256; byte++) {
    const wire = Buffer.of(escapeByte, byte ^ 0x20)
    if (wire[1] === flagByte) continue
    const content = Buffer.of(byte)
    escapes.push(byte === flagByte || byte === escapeByte ? [wire, content] : [wire, content, 'up'])
  }
  return escapes
}
