import { GatewayError } from '../../core/errors.ts'
import type { Found } from '../../core/found.ts'
import { type Framing, framing } from '../../core/framing.ts'
import { Gt06Finder, type Gt06Tolerance } from './finder.ts'
import { shortFrameLength } from './wire.ts'

/** Options of {@link gt06Framing}. */
export interface Gt06FramingOptions {
  /**
   * `strict` (default): length and CRC must be right. `tolerateLength`: a frame whose length is wrong ends at the first `0D 0A` within 260
   * bytes, if its CRC is right. `tolerateAll`: the CRC is not looked at. For firmware that cannot be changed.
   */
  readonly tolerance?: Gt06Tolerance
  /** Longest `79 79` frame on the wire in bytes, at least 260; default 2048. */
  readonly maxFrameLength?: number
}

const stop = Buffer.from('\r\n')

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
 * A frame that was cut short is given up as soon as a whole one of at most 260 bytes, with a right CRC, has come behind its start. So
 * no frame may hold another one. Each byte is looked at a bounded number of times: some 260, if every stop and every start mark is false.
 *
 * Errors: `FRAME_NOISE` for bytes that belong to no frame, with the reason where a start mark was followed by a wrong length, by one
 * over the limit, or by less than it said. `CHECKSUM_MISMATCH` for a frame that ends where it says, but has another CRC: only that one is
 * lost; `FRAME_DAMAGED` where it has no room for one. `FRAME_CORRUPT` after 65,536 bytes without a frame, `FRAME_UNTERMINATED`. Down, `BUG`
 * for a frame that no tracker would take: of another length or CRC than it says. `CONFIGURATION`.
 */
export function gt06Framing(options: Gt06FramingOptions = {}): Framing {
  const { tolerance = 'strict', maxFrameLength = 2048 } = options
  if (!['strict', 'tolerateLength', 'tolerateAll'].includes(tolerance)) {
    refuse(`tolerance must be 'strict', 'tolerateLength' or 'tolerateAll', not ${tolerance}`)
  }
  if (!Number.isInteger(maxFrameLength) || maxFrameLength < shortFrameLength) {
    refuse(`maxFrameLength must be an integer of at least ${shortFrameLength}, not ${maxFrameLength}`)
  }
  return framing('gt06Framing', {
    maxBytes: maxFrameLength,
    finder: () => new Gt06Finder(tolerance, maxFrameLength),
    frame: stopped,
  })
}

/** Whether a tracker would find a frame that is sent: one whose content holds another whole frame it would not. */
export function isFound(frame: Buffer): boolean {
  const wire = Buffer.concat([frame, stop])
  return isAllOf(wire, find(wire))
}

function find(wire: Buffer): Found {
  return new Gt06Finder('strict', wire.length).find(wire, 0)
}

function isAllOf(wire: Buffer, seen: Found): boolean {
  return seen.kind === 'frame' && seen.next === wire.length
}

function stopped(frame: Buffer): Buffer {
  const wire = Buffer.concat([frame, stop])
  const seen = find(wire)
  if (isAllOf(wire, seen)) return wire
  const why = seen.kind === 'refuse' ? `: ${seen.error.message}` : ''
  throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent would not be found again${why}`)
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `gt06Framing: ${message}`)
}
