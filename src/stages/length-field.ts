import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { bcd, bigEndian, digits, type LengthEncoding, littleEndian } from './length-encoding.ts'
import { type Measure, MeasuredFinder } from './measured.ts'

/** Options of {@link lengthField}; names and meanings are Netty's. */
export interface LengthFieldOptions {
  /** Order of the bytes of the length; default `big-endian`. */
  readonly byteOrder?: 'big-endian' | 'little-endian'
  /** Longest frame on the wire in bytes, header included; at least the header. */
  readonly maxFrameLength: number
  /** Bytes of the header before the length; default 0. */
  readonly lengthFieldOffset?: number
  /** Bytes of the length. */
  readonly lengthFieldLength: number
  /**
   * How the length is written: `binary`, an unsigned integer of 1, 2, 3, 4 or 8 bytes (default); `decimal` or `hex`, digits in
   * ASCII; `bcd`, two decimal digits a byte. Text and BCD of 1 to 8 bytes; they have no byteOrder.
   */
  readonly lengthEncoding?: 'binary' | 'decimal' | 'hex' | 'bcd'
  /**
   * Added to the length to get the bytes that follow it: above 0 where more follows than is counted, below 0 where the
   * header counts itself; default 0.
   */
  readonly lengthAdjustment?: number
  /**
   * Bytes at the beginning of a frame on the wire that are not part of the frame given up. Default: the header where the
   * offset is 0, else none.
   */
  readonly initialBytesToStrip?: number
  /**
   * What stands in the stripped bytes on the way down; as many as are stripped, the length is written over its place. Needed
   * where more than the length is stripped.
   */
  readonly stripped?: Buffer
  /**
   * False: an over-long frame is refused when it has passed instead of at its header, which of a length that is garbage may be never;
   * default true.
   */
  readonly failFast?: boolean
}

/**
 * Binary frames that say their own length: a frame on the wire has `lengthFieldOffset` + `lengthFieldLength` +
 * `lengthAdjustment` bytes and as many as its length says.
 *
 * ```
 *                                                      wire                       frame
 * { lengthFieldLength: 2 }                             00 03 | A1 A2 A3       ↔   A1 A2 A3
 * { lengthFieldLength: 2, initialBytesToStrip: 0 }     00 03 | A1 A2 A3       ↔   00 03 A1 A2 A3
 *   the length counts itself too:
 * { lengthFieldLength: 2, lengthAdjustment: -2 }       00 05 | A1 A2 A3       ↔   A1 A2 A3
 *   a checksum follows that it does not count:
 * { lengthFieldLength: 2, lengthAdjustment: 2 }        00 03 | A1 A2 A3 C1 C2 ↔   A1 A2 A3 C1 C2
 *   something stands before it:
 * { lengthFieldLength: 2, lengthFieldOffset: 1 }       7E 00 03 | A1 A2 A3    ↔   7E 00 03 A1 A2 A3
 *   and is taken off:
 * { lengthFieldLength: 2, lengthFieldOffset: 1, initialBytesToStrip: 3, stripped: Buffer.of(0x7e, 0, 0) }
 *                                                      7E 00 03 | A1 A2 A3    ↔   A1 A2 A3
 * { lengthFieldLength: 2, byteOrder: 'little-endian' } 03 00 | A1 A2 A3       ↔   A1 A2 A3
 * { lengthFieldLength: 3, lengthEncoding: 'decimal' }  30 30 33 | A1 A2 A3    ↔   A1 A2 A3
 * { lengthFieldLength: 2, lengthEncoding: 'bcd' }      00 12 | 12 bytes       ↔   12 bytes
 * ```
 * Down is the mirror: what was stripped is put in front of the frame, and the length is written into its place. A frame within
 * one chunk is a view of it; one that is cut is copied once.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxFrameLength` (exactly that frame is discarded if the policy goes on),
 * `FRAME_CORRUPT` for a length by which the frame ends before its header, or that is not written in digits (nothing after it can
 * be framed), `FRAME_UNTERMINATED` for what the device left unfinished, never passed on. Down, `MESSAGE_TOO_LARGE` for a frame
 * whose length the field cannot hold, `BUG` for one too short for any length, or where `stripped` is missing. `CONFIGURATION`
 * for options that cannot work.
 */
export function lengthField(options: LengthFieldOptions): Framing {
  const layout = layoutOf(options)
  const measure = measureBy(layout)
  const { failFast = true } = options
  return framing('lengthField', {
    maxBytes: layout.maxFrameLength,
    finder: () => new MeasuredFinder(measure, layout.maxFrameLength, failFast),
    frame: (frame) => toWire(frame, layout),
  })
}

interface Layout {
  readonly encoding: LengthEncoding
  readonly maxFrameLength: number
  readonly offset: number
  readonly fieldBytes: number
  readonly headerEnd: number
  readonly adjustment: number
  readonly strip: number
  /** Undefined where nobody has said what to put in front of a frame on its way down. */
  readonly stripped: Buffer | undefined
}

function layoutOf(options: LengthFieldOptions): Layout {
  const { maxFrameLength, lengthFieldLength: fieldBytes } = options
  const { lengthFieldOffset: offset = 0, lengthAdjustment: adjustment = 0 } = options
  const encoding = encodingOf(options)
  if (!Number.isInteger(offset) || offset < 0) {
    refuse(`lengthFieldOffset must be an integer of at least 0, not ${offset}`)
  }
  if (!Number.isInteger(adjustment)) refuse(`lengthAdjustment must be an integer, not ${adjustment}`)
  const headerEnd = offset + fieldBytes
  if (!Number.isInteger(maxFrameLength) || maxFrameLength < headerEnd) {
    refuse(`maxFrameLength must be an integer of at least ${headerEnd}, the header's own length, not ${maxFrameLength}`)
  }
  const strip = options.initialBytesToStrip ?? (offset === 0 ? headerEnd : 0)
  if (!Number.isInteger(strip) || strip < 0 || strip > maxFrameLength) {
    refuse(`initialBytesToStrip must be an integer from 0 to maxFrameLength (${maxFrameLength}), not ${strip}`)
  }
  const { stripped } = options
  if (stripped !== undefined && stripped.length !== strip) {
    refuse(`stripped must have as many bytes as are stripped, ${strip}, not ${stripped.length}`)
  }
  const lengthOnly = offset === 0 && strip <= headerEnd
  return {
    encoding,
    maxFrameLength,
    offset,
    fieldBytes,
    headerEnd,
    adjustment,
    strip,
    stripped: stripped ?? (strip === 0 || lengthOnly ? Buffer.alloc(strip) : undefined),
  }
}

function encodingOf({
  lengthEncoding = 'binary',
  byteOrder = 'big-endian',
  ...options
}: LengthFieldOptions): LengthEncoding {
  const { lengthFieldLength: size } = options
  if (!['big-endian', 'little-endian'].includes(byteOrder)) {
    refuse(`byteOrder must be 'big-endian' or 'little-endian', not ${byteOrder}`)
  }
  if (lengthEncoding === 'binary') {
    if (![1, 2, 3, 4, 8].includes(size)) refuse(`lengthFieldLength must be 1, 2, 3, 4 or 8, not ${size}`)
    return byteOrder === 'big-endian' ? bigEndian : littleEndian
  }
  if (!Number.isInteger(size) || size < 1 || size > 8) {
    refuse(`lengthFieldLength must be an integer from 1 to 8 where the length is ${lengthEncoding}, not ${size}`)
  }
  const encoding = { decimal: digits(10), hex: digits(16), bcd }[lengthEncoding]
  return encoding ?? refuse(`lengthEncoding must be 'binary', 'decimal', 'hex' or 'bcd', not ${lengthEncoding}`)
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `lengthField: ${message}`)
}

function measureBy({ encoding, offset, fieldBytes, headerEnd, adjustment, strip }: Layout): Measure {
  return (window, from) => {
    if (window.length - from < headerEnd) return { need: headerEnd }
    const length = encoding.read(window, from + offset, fieldBytes)
    const total = headerEnd + adjustment + length
    if (total >= headerEnd && total >= strip) return { total, contentAt: strip, headerEnd }
    const least = Math.max(headerEnd, strip)
    const corrupt = Number.isNaN(length)
      ? `the length of a frame is not written in digits: ${window.toString('hex', from + offset, from + headerEnd)}`
      : `by the length ${length} a frame ends after ${total} bytes, within its header of ${least}`
    return { corrupt, shown: headerEnd }
  }
}

function toWire(frame: Buffer, layout: Layout): Buffer {
  const { encoding, offset, fieldBytes, headerEnd, adjustment, stripped } = layout
  if (stripped === undefined) {
    const message = `nothing says what the ${layout.strip} bytes before a frame to be sent are; give the option stripped`
    throw new GatewayError('BUG', message)
  }
  const wire = Buffer.concat([stripped, frame])
  const length = wire.length - headerEnd - adjustment
  if (wire.length < headerEnd || length < 0) {
    throw new GatewayError('BUG', `a frame of ${wire.length} bytes to be sent is too short for its header`)
  }
  if (length >= encoding.limit(fieldBytes)) {
    const message = `the length ${length} of a frame to be sent does not fit into ${fieldBytes} bytes`
    throw new GatewayError('MESSAGE_TOO_LARGE', message)
  }
  encoding.write(wire, length, offset, fieldBytes)
  return wire
}
