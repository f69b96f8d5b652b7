import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { lengthBetween } from './length-between.ts'

/** Options of {@link octetCounted}. */
export interface OctetCountedOptions {
  /** Longest message in bytes, its length not counted; at least 1. RFC 5425 asks receivers for 2048, and would like 8192. */
  readonly maxLength: number
}

/**
 * Syslog messages with their length in front of them (RFC 6587 section 3.4.1, RFC 5425 section 4.3): decimal without leading zeros,
 * at least 1, and a space.
 *
 * ```
 *   MSG-LEN  SP  MSG
 *   31 31    20  3C 33 34 3E 31 20 2D 20 2D 20 2D      ↔      <34>1 - - -        11 bytes
 * ```
 * Errors: those of `lengthBetween`; down, `BUG` for a message of no bytes. `CONFIGURATION` for a `maxLength` that is not a positive
 * integer.
 */
export function octetCounted({ maxLength }: OctetCountedOptions): Framing {
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `octetCounted: maxLength must be a positive integer, not ${maxLength}`)
  }
  // 15 digits are those of the numbers that JavaScript holds exactly.
  const { maxBytes, finder, frame } = lengthBetween({
    lengthEnd: ' ',
    leadingZero: false,
    maxHeaderLength: 16,
    maxLength,
  })
  return framing('octetCounted', { maxBytes, finder, frame })
}
