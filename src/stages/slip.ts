import { GatewayError } from '../core/errors.ts'
import type { Framing } from '../core/framing.ts'
import { EscapeTable } from './escapes.ts'
import { flagged } from './flagged.ts'

/** Options of {@link slip}. */
export interface SlipOptions {
  /** Longest frame in bytes, without END and escapes; at least 1. */
  readonly maxLength: number
  /** False: frames to the device do not begin with END; default true, as RFC 1055 advises, which ends whatever noise came before. */
  readonly leadingEnd?: boolean
}

/**
 * SLIP, RFC 1055: END (C0) behind each frame, which many put in front of it as well; inside, C0 is written DB DC, and DB is
 * written DB DD.
 *
 * ```
 *   C0 A1 DB DC B1 DB DD C0          ↔     A1 C0 B1 DB
 *   A1 C0 C0 B1 C0 C1 C0             →     A1 | B1 | C1
 *   A1 DB 01 C0                      →     FRAME_DAMAGED
 * { leadingEnd: false }      A1 C0   ←     A1
 * ```
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength` (it is skipped to its END if the policy goes on), `FRAME_DAMAGED` for one
 * with a bad escape, `FRAME_UNTERMINATED` for what the device left unfinished, never passed on. Down, `BUG` for an empty frame.
 * `CONFIGURATION` for a `maxLength` that is not a positive integer.
 */
export function slip({ maxLength, leadingEnd = true }: SlipOptions): Framing {
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `slip: maxLength must be a positive integer, not ${maxLength}`)
  }
  const end = Buffer.of(0xc0)
  const escapes = new EscapeTable(
    [
      [Buffer.of(0xdb, 0xdc), end],
      [Buffer.of(0xdb, 0xdd), Buffer.of(0xdb)],
    ],
    'slip',
  )
  return flagged('slip', {
    enclosure: { start: end, end, trailing: 0, keep: false, escapes },
    maxLength,
    begun: true,
    lead: leadingEnd ? end : Buffer.alloc(0),
  })
}
