import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { type DigitsHeader, DigitsHeaderReader } from './digits-header.ts'
import { digitOf } from './length-encoding.ts'
import { type Mark, markOf } from './marks.ts'
import { type Measure, MeasuredFinder } from './measured.ts'

/** Options of {@link lengthBetween}. */
export interface LengthBetweenOptions {
  /** What every frame begins with; default nothing. */
  readonly start?: Mark
  /** Bytes of any value behind the start, such as a flag; default 0. */
  readonly skip?: number
  /** The length begins behind this mark, or behind so many of them (default 1); without it, where the skipped bytes end. */
  readonly lengthAfter?: { readonly mark: Mark; readonly occurrence?: number }
  /** What follows the digits of the length; cannot begin with a digit. */
  readonly lengthEnd: Mark
  /** Default `decimal`; `hex` in either case, written in capitals. */
  readonly lengthEncoding?: 'decimal' | 'hex'
  /** The length is written with so many digits, 1 to 15, zeros in front; default: as few as it takes. */
  readonly lengthDigits?: number
  /** False: a length cannot begin with the digit 0, so that there is none of 0; default true. */
  readonly leadingZero?: boolean
  /** Added to the length to get the bytes that follow `lengthEnd`; default 0. */
  readonly lengthAdjustment?: number
  /** True: frames are given up, and brought, with their header. Default: where something stands before the length. */
  readonly keepHeader?: boolean
  /** Longest header in bytes, `lengthEnd` included; default 64, or `maxLength` where frames keep a header and that is less. */
  readonly maxHeaderLength?: number
  /** Longest frame in bytes, as it is given up; at least 1. */
  readonly maxLength: number
}

/**
 * Frames that say their own length in digits between marks: a header of `start`, `skip` bytes of any value, anything up to the mark
 * `lengthAfter`, the digits and the mark `lengthEnd`; then as many bytes as the length says and `lengthAdjustment`.
 *
 * ```
 * netstrings (cr.yp.to/proto/netstrings.txt); nothing stands before the length, so the header is taken off:
 *   tail(lengthBetween({ lengthEnd: ':', lengthAdjustment: 1, maxLength: 1024 }), ',')
 *     12:hello world!,                                   ↔   hello world!
 *
 * watches (3G, SG, CS); four hex digits count what stands between the header and the bracket:
 *   lengthBetween({ start: '[', lengthAfter: { mark: '*', occurrence: 2 }, lengthEnd: '*', lengthEncoding: 'hex',
 *                   lengthDigits: 4, lengthAdjustment: 1, maxLength: 1024 })
 *     [3G*4700609403*0013*bphrt,120,79,73,,,,]           ↔   the same
 *       1st       2nd└length
 *
 * Meitrack (GPRS Protocol V1.6, section 1.1); a flag, and a length that counts from the comma, which is in the header, to the end:
 *   lengthBetween({ start: '$$', skip: 1, lengthEnd: ',', lengthAdjustment: -1, maxLength: 2048 })
 *     $$Q25,353358017784062,A10*32 CR LF                 ↔   the same
 * ```
 * Down, the length is written into the header, whatever digits stood there or none; a header that was taken off is put in front. A
 * byte of the header is looked at a bounded number of times however the chunks are cut. A frame within one chunk is a view of it;
 * one that is cut is copied once.
 *
 * Errors: `FRAME_CORRUPT` for a header that begins otherwise, has no digits where its length should be or does not end within
 * `maxHeaderLength`, or for a length by which the frame ends before it (nothing after it can be framed; within `skipUntil` the next
 * mark is looked for), `FRAME_TOO_LONG` for a frame over `maxLength` (exactly that frame is discarded if the policy goes on),
 * `FRAME_UNTERMINATED`. Down, `BUG` for a frame that lacks its header or is too short for any length, `MESSAGE_TOO_LARGE` for a
 * length of more than `lengthDigits`. `CONFIGURATION` for options that cannot work.
 */
export function lengthBetween(options: LengthBetweenOptions): Framing {
  const layout = layoutOf(options)
  const { keepHeader, maxHeaderLength, maxLength } = layout
  return framing('lengthBetween', {
    maxBytes: keepHeader ? maxLength : maxHeaderLength + maxLength,
    finder: () => new MeasuredFinder(measureBy(layout), maxLength),
    frame: (frame) => toWire(frame, layout),
  })
}

interface Layout extends DigitsHeader {
  /** 0: as few as it takes. */
  readonly lengthDigits: number
  readonly adjustment: number
  readonly keepHeader: boolean
  readonly maxHeaderLength: number
  readonly maxLength: number
}

function layoutOf(options: LengthBetweenOptions): Layout {
  const { skip = 0, lengthAfter, lengthEncoding = 'decimal', lengthDigits, leadingZero = true, maxLength } = options
  const { lengthAdjustment: adjustment = 0 } = options
  const start = options.start === undefined ? Buffer.alloc(0) : markOf(options.start, 'lengthBetween', 'start')
  const after = lengthAfter === undefined ? start : markOf(lengthAfter.mark, 'lengthBetween', 'lengthAfter.mark')
  const occurrence = lengthAfter === undefined ? 0 : (lengthAfter.occurrence ?? 1)
  const lengthEnd = markOf(options.lengthEnd, 'lengthBetween', 'lengthEnd')
  if (!Number.isInteger(skip) || skip < 0) refuse(`skip must be an integer of at least 0, not ${skip}`)
  if (!Number.isInteger(occurrence) || (lengthAfter !== undefined && occurrence < 1)) {
    refuse(`lengthAfter.occurrence must be a positive integer, not ${occurrence}`)
  }
  if (!['decimal', 'hex'].includes(lengthEncoding)) {
    refuse(`lengthEncoding must be 'decimal' or 'hex', not ${lengthEncoding}`)
  }
  const base = lengthEncoding === 'hex' ? 16 : 10
  if (digitOf(lengthEnd[0] as number, base) >= 0) {
    refuse(`lengthEnd must not begin with a digit, as ${lengthEnd.toString('latin1')} does`)
  }
  if (lengthDigits !== undefined && (!Number.isInteger(lengthDigits) || lengthDigits < 1 || lengthDigits > 15)) {
    refuse(`lengthDigits must be an integer from 1 to 15, not ${lengthDigits}`)
  }
  if (lengthDigits !== undefined && !leadingZero) refuse('lengthDigits needs leadingZero, which is false')
  if (!Number.isInteger(adjustment)) refuse(`lengthAdjustment must be an integer, not ${adjustment}`)
  if (!Number.isSafeInteger(maxLength) || maxLength < 1)
    refuse(`maxLength must be a positive integer, not ${maxLength}`)
  const known = skip === 0 && lengthAfter === undefined
  const keepHeader = options.keepHeader ?? !(known && start.length === 0)
  if (!keepHeader && !known)
    refuse('keepHeader must be true where skipped bytes or lengthAfter stand before the length')
  const least = start.length + skip + occurrence * after.length + 1 + lengthEnd.length
  const most = keepHeader ? maxLength : Number.MAX_SAFE_INTEGER
  const maxHeaderLength = options.maxHeaderLength ?? Math.min(64, most)
  if (!Number.isInteger(maxHeaderLength) || maxHeaderLength < least || maxHeaderLength > most) {
    const range = keepHeader
      ? `from ${least}, the shortest header, to maxLength (${maxLength})`
      : `of at least ${least}, the shortest header`
    refuse(`maxHeaderLength must be an integer ${range}, not ${maxHeaderLength}`)
  }
  return {
    ...{ start, skip, after, occurrence, base, leadingZero, lengthEnd },
    ...{ lengthDigits: lengthDigits ?? 0, adjustment, keepHeader, maxHeaderLength, maxLength },
  }
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `lengthBetween: ${message}`)
}

function measureBy(layout: Layout): Measure {
  const { adjustment, keepHeader, maxHeaderLength } = layout
  const header = new DigitsHeaderReader(layout)
  return (window, from, seen) => {
    if (seen === 0) header.reset()
    const present = window.length - from
    const problem = header.read(window, from, from + Math.min(present, maxHeaderLength))
    if (problem === 'more') {
      if (present < maxHeaderLength) return { need: present + 1 }
      const corrupt = `the length of a frame does not come and end within ${maxHeaderLength} bytes`
      return { corrupt, shown: maxHeaderLength }
    }
    if (problem !== undefined) return problem
    const { at: headerEnd, length } = header
    const total = headerEnd + adjustment + length
    if (total < headerEnd) {
      const corrupt = `by the length ${length} a frame ends after ${total} bytes, within its header of ${headerEnd}`
      return { corrupt, shown: headerEnd }
    }
    const contentAt = keepHeader ? 0 : headerEnd
    return { total, contentAt, headerEnd, counted: total - contentAt }
  }
}

function toWire(frame: Buffer, layout: Layout): Buffer {
  const { start, lengthEnd, keepHeader, maxHeaderLength } = layout
  if (!keepHeader) return Buffer.concat([start, digitsOf(frame.length, layout), lengthEnd, frame])
  const header = new DigitsHeaderReader(layout)
  const problem = header.read(frame, 0, frame.length, true)
  if (problem !== undefined) {
    const why = problem === 'more' ? 'it ends within its header' : problem.corrupt
    throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent has no place for its length: ${why}`)
  }
  const { at, lengthAt, lengthTo } = header
  const digits = digitsOf(frame.length - at, layout)
  const headerLength = at - lengthTo + digits.length + lengthAt
  if (headerLength > maxHeaderLength) {
    const message = `the header of a frame to be sent has ${headerLength} bytes, the limit is ${maxHeaderLength}`
    throw new GatewayError('BUG', message)
  }
  return Buffer.concat([frame.subarray(0, lengthAt), digits, frame.subarray(lengthTo)])
}

/** The length of a frame that has so many bytes behind its header, in digits. */
function digitsOf(following: number, { adjustment, base, lengthDigits, leadingZero }: Layout): Buffer {
  const length = following - adjustment
  if (length < (leadingZero ? 0 : 1)) {
    throw new GatewayError('BUG', `a frame to be sent is too short: its length would be ${length}`)
  }
  const digits = length.toString(base).toUpperCase().padStart(lengthDigits, '0')
  if (lengthDigits > 0 && digits.length > lengthDigits) {
    const message = `the length ${length} of a frame to be sent does not fit into ${lengthDigits} digits`
    throw new GatewayError('MESSAGE_TOO_LARGE', message)
  }
  return Buffer.from(digits, 'latin1')
}
