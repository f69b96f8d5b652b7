import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { MeasuredFinder } from './measured.ts'

/** Options of {@link fixedLength}. */
export interface FixedLengthOptions {
  /** Bytes of every frame; at least 1. */
  readonly length: number
}

/**
 * Frames that all have the same length.
 *
 * ```
 * fixedLength({ length: 3 })      A1 A2 A3 B1 B2 B3   ↔   A1 A2 A3 | B1 B2 B3
 * ```
 * Errors: `FRAME_UNTERMINATED` for what the device left unfinished. Down, `BUG` for a frame of another length. `CONFIGURATION` for a
 * length that is not a positive integer.
 */
export function fixedLength({ length }: FixedLengthOptions): Framing {
  if (!Number.isInteger(length) || length < 1) {
    throw new GatewayError('CONFIGURATION', `fixedLength: length must be a positive integer, not ${length}`)
  }
  const measured = { total: length, contentAt: 0, headerEnd: 0 }
  return framing('fixedLength', {
    maxBytes: length,
    finder: () => new MeasuredFinder(() => measured, length),
    frame(frame) {
      if (frame.length === length) return frame
      throw new GatewayError('BUG', `a frame to be sent has ${frame.length} bytes instead of ${length}`)
    },
  })
}
