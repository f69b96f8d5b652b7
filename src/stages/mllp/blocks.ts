import type { Framing } from '../../core/framing.ts'
import { between } from '../between.ts'
import { idleBytes } from '../idle-bytes.ts'

/** Options of {@link mllpBlocks}. */
export interface MllpBlocksOptions {
  /** Longest message in bytes, without its block characters; default 1,048,576. */
  readonly maxLength?: number
}

/**
 * The blocks of HL7's Minimal Lower Layer Protocol (HL7 Implementation Guide, appendix C.4): the message alone is the frame.
 *
 * ```
 *  0B  message …  1C 0D         white space between blocks is passed over, other bytes there are noise
 *  SB             EB CR         0B A1 0B B1 1C 0D  →  FRAME_DAMAGED | B1: a start block within a block begins a new one
 * ```
 * Errors: those of {@link between}: `FRAME_TOO_LONG`, `FRAME_DAMAGED`, `FRAME_NOISE`, `FRAME_UNTERMINATED`; down, `BUG` for a message
 * that holds block characters.
 */
export function mllpBlocks(options: MllpBlocksOptions = {}): Framing {
  const { maxLength = 1_048_576 } = options
  return idleBytes(between('\x0b', '\x1c\r', { maxLength, restart: true }), ' \t\r\n')
}
