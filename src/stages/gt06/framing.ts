import { GatewayError } from '../../core/errors.ts'
import { type Framing, framing } from '../../core/framing.ts'
import { checked } from '../checked.ts'
import { checksum } from '../checksum.ts'
import { choice } from '../choice.ts'
import { lengthField } from '../length-field.ts'
import { skipUntil } from '../skip-until.ts'
import { tail } from '../tail.ts'
import { tolerantLength } from './tolerant-length.ts'
import { shortFrameLength, startMarks } from './wire.ts'

/** How much of a frame's envelope must be right, see {@link gt06Framing}. */
export type Gt06Tolerance = 'strict' | 'tolerateLength' | 'tolerateAll'

/** Options of {@link gt06Framing}. */
export interface Gt06FramingOptions {
  /**
   * `strict` (default): length and CRC must be right. `tolerateLength`: a frame whose length is wrong ends at the next `0D 0A`, if its CRC
   * is right. `tolerateAll`: the CRC is not looked at. For firmware that cannot be changed.
   */
  readonly tolerance?: Gt06Tolerance
  /** Longest `79 79` frame on the wire in bytes, at least 260; default 2048. */
  readonly maxFrameLength?: number
}

/**
 * Frames of GT06 trackers. What is given up, and taken down, is the frame from its start mark to its CRC, without the stop bytes.
 *
 * ```
 * 78 78 │ 0D  │ 01   │ 01 23 45 67 89 01 23 45 │ 00 01  │ 8C DD │ 0D 0A
 * start   len   type   content                   serial   CRC     stop
 *         └ u8; u16 after 79 79. It counts type to CRC; the CRC-16/X-25 is that of length to serial
 * ```
 * Source: Concox, GPS Tracker Communication Protocol (GT06) v1.8.1, 4.
 *
 * Errors: `FRAME_NOISE` for bytes that belong to no frame, with the reason where a start mark was followed by a wrong length or by one
 * over the limit; the next frame is looked for from the second byte on. `CHECKSUM_MISMATCH` for a frame that ends where it says, but has
 * another CRC: only that one is lost. `FRAME_CORRUPT` after 65,536 bytes without a frame, `FRAME_UNTERMINATED`. Down, `BUG` for a frame whose
 * length or CRC is not its own. `CONFIGURATION`.
 */
export function gt06Framing(options: Gt06FramingOptions = {}): Framing {
  const { tolerance = 'strict' } = options
  if (!['strict', 'tolerateLength', 'tolerateAll'].includes(tolerance)) {
    throw new GatewayError(
      'CONFIGURATION',
      `gt06: tolerance must be 'strict', 'tolerateLength' or 'tolerateAll', not ${tolerance}`,
    )
  }
  const lengths = gt06Lengths(options)
  return framing('gt06Framing', tolerance === 'tolerateAll' ? lengths : checked(lengths, gt06Checksum()))
}

/** As {@link gt06Framing}, with frames of a wrong CRC among the others. */
export function gt06Lengths(options: Gt06FramingOptions = {}): Framing {
  const { tolerance = 'strict', maxFrameLength = 2048 } = options
  if (!Number.isInteger(maxFrameLength) || maxFrameLength < shortFrameLength) {
    throw new GatewayError(
      'CONFIGURATION',
      `gt06: maxFrameLength must be an integer of at least ${shortFrameLength}, not ${maxFrameLength}`,
    )
  }
  const { short, long } = startMarks
  const frames = tail(choice([kind(short, 1, shortFrameLength), kind(long, 2, maxFrameLength)]), '\r\n')
  return skipUntil(tolerance === 'strict' ? frames : tolerantLength(frames, tolerance === 'tolerateAll'), [short, long])
}

/** The check of a frame from its start mark to its CRC. */
export function gt06Checksum() {
  return checksum('CRC-16/X-25', { over: { from: 2 }, strip: false })
}

function kind(match: Buffer, lengthFieldLength: 1 | 2, maxFrameLength: number) {
  return {
    match,
    framing: lengthField({ maxFrameLength, lengthFieldOffset: 2, lengthFieldLength, lengthAdjustment: 2 }),
  }
}
