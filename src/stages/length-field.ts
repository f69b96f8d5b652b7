import { GatewayError } from '../core/errors.ts'
import type { Bytes, Frames } from '../core/levels.ts'
import { type EndingStep, type Outlet, type Stage, stage } from '../core/stage.ts'

/** Options of {@link lengthField}; names and meanings are Netty's. */
export interface LengthFieldOptions {
  /** Order of the bytes of the length; default `big-endian`. */
  readonly byteOrder?: 'big-endian' | 'little-endian'
  /** Longest frame on the wire in bytes, header included; at least the header. */
  readonly maxFrameLength: number
  /** Bytes of the header before the length; default 0. */
  readonly lengthFieldOffset?: number
  /** Bytes of the length, an unsigned integer. */
  readonly lengthFieldLength: 1 | 2 | 4
  /**
   * Added to the length to get the bytes that follow it: above 0 where more follows than is counted, below 0 where the
   * header counts itself; default 0.
   */
  readonly lengthAdjustment?: number
  /**
   * 0: the frame keeps its header. `lengthFieldLength`, where the offset is 0: the frame is what follows the header.
   * Default: the latter where the offset is 0, else the former.
   */
  readonly initialBytesToStrip?: number
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
 * { lengthFieldLength: 2, byteOrder: 'little-endian' } 03 00 | A1 A2 A3       ↔   A1 A2 A3
 * ```
 * Down is the mirror: the length is put in front of the frame or, where frames keep their header, written into the frame
 * itself. A frame within one chunk is a view of it; one that is cut is copied once.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxFrameLength` (exactly that frame is discarded if the policy goes on),
 * `FRAME_CORRUPT` for a length by which the frame ends before its header (nothing after it can be framed),
 * `FRAME_UNTERMINATED` for what the device left unfinished, never passed on. Down, `MESSAGE_TOO_LARGE` for a frame whose
 * length the field cannot hold, `BUG` for one too short for any length. `CONFIGURATION` for options that cannot work.
 */
export function lengthField(options: LengthFieldOptions): Stage<Bytes, Frames> {
  const layout = layoutOf(options)
  return stage<Bytes, Frames>('lengthField', () => ({
    up: new FrameCutter(layout),
    down: (frame, out) =>
      out.emit(layout.strip === 0 ? writeLength(frame, frame.length, layout) : prepend(frame, layout)),
  }))
}

interface Layout {
  readonly littleEndian: boolean
  readonly maxFrameLength: number
  readonly offset: number
  readonly fieldBytes: number
  readonly headerEnd: number
  readonly adjustment: number
  readonly strip: number
}

function layoutOf(options: LengthFieldOptions): Layout {
  const { byteOrder = 'big-endian', maxFrameLength, lengthFieldLength: fieldBytes } = options
  const { lengthFieldOffset: offset = 0, lengthAdjustment: adjustment = 0 } = options
  if (!['big-endian', 'little-endian'].includes(byteOrder)) {
    refuse(`byteOrder must be 'big-endian' or 'little-endian', not ${byteOrder}`)
  }
  if (![1, 2, 4].includes(fieldBytes)) refuse(`lengthFieldLength must be 1, 2 or 4, not ${fieldBytes}`)
  if (!Number.isInteger(offset) || offset < 0) {
    refuse(`lengthFieldOffset must be an integer of at least 0, not ${offset}`)
  }
  if (!Number.isInteger(adjustment)) refuse(`lengthAdjustment must be an integer, not ${adjustment}`)
  const headerEnd = offset + fieldBytes
  if (!Number.isInteger(maxFrameLength) || maxFrameLength < headerEnd) {
    refuse(`maxFrameLength must be an integer of at least ${headerEnd}, the header's own length, not ${maxFrameLength}`)
  }
  const strip = options.initialBytesToStrip ?? (offset === 0 ? headerEnd : 0)
  if (offset > 0 && strip !== 0) {
    const why = 'what stands before the length could not be put back on the way down'
    refuse(`initialBytesToStrip must be 0 where lengthFieldOffset is above 0, not ${strip}: ${why}`)
  }
  if (strip !== 0 && strip !== headerEnd) {
    refuse(
      `initialBytesToStrip must be 0 (the frame keeps its header) or ${headerEnd} (the whole header), not ${strip}`,
    )
  }
  return {
    littleEndian: byteOrder === 'little-endian',
    maxFrameLength,
    offset,
    fieldBytes,
    headerEnd,
    adjustment,
    strip,
  }
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `lengthField: ${message}`)
}

function prepend(body: Buffer, layout: Layout): Buffer {
  const total = layout.headerEnd + body.length
  const frame = Buffer.allocUnsafe(total)
  body.copy(frame, layout.headerEnd)
  return writeLength(frame, total, layout)
}

function writeLength(frame: Buffer, total: number, layout: Layout): Buffer {
  const { littleEndian, offset, fieldBytes, headerEnd, adjustment } = layout
  const length = total - headerEnd - adjustment
  if (total < headerEnd || length < 0) {
    throw new GatewayError('BUG', `a frame of ${total} bytes to be sent is too short for its header`)
  }
  if (length >= 256 ** fieldBytes) {
    const message = `the length ${length} of a frame to be sent does not fit into ${fieldBytes} bytes`
    throw new GatewayError('MESSAGE_TOO_LARGE', message)
  }
  if (littleEndian) frame.writeUIntLE(length, offset, fieldBytes)
  else frame.writeUIntBE(length, offset, fieldBytes)
  return frame
}

class FrameCutter implements EndingStep<Buffer, Buffer, Buffer> {
  readonly #layout: Layout
  /** The header's bytes so far, where it is not whole yet: views of the chunks that it came in. */
  #header: Buffer[] = []
  #headerBytes = 0
  /** The length as far as it was read. */
  #length = 0
  /** The frame that is being put together from several chunks, made in its full size once its header is known. */
  #frame: Buffer | undefined
  #filled = 0
  /** Bytes of a refused frame that are still to come. */
  #discard = 0
  /** A length made no sense: where a frame begins is not known any more. */
  #lost = false

  constructor(layout: Layout) {
    this.#layout = layout
  }

  push(chunk: Buffer, out: Outlet<Buffer, Buffer>): void {
    let at = 0
    while (at < chunk.length && !this.#lost) {
      if (this.#frame !== undefined) at = this.#fill(this.#frame, chunk, at, out)
      else if (this.#discard > 0) at = this.#pass(chunk, at)
      else at = this.#begin(chunk, at, out)
    }
  }

  end(out: Outlet<Buffer, Buffer>): void {
    const { strip } = this.#layout
    const came = this.#frame === undefined ? this.#headerBytes : this.#filled + strip
    if (came === 0) return
    const item = this.#frame === undefined ? Buffer.concat(this.#header) : this.#frame.subarray(0, this.#filled)
    const of = this.#frame === undefined ? '' : ` of ${this.#frame.length + strip} bytes`
    out.fail(new GatewayError('FRAME_UNTERMINATED', `the connection ended ${came} bytes into a frame${of}`), item)
    this.#header = []
    this.#headerBytes = 0
    this.#frame = undefined
  }

  /** Reads a header or the rest of one; returns the index behind what was used. */
  #begin(chunk: Buffer, from: number, out: Outlet<Buffer, Buffer>): number {
    const { headerEnd, adjustment, maxFrameLength } = this.#layout
    const at = Math.min(chunk.length, from + headerEnd - this.#headerBytes)
    this.#readLength(chunk, from, at)
    this.#header.push(chunk.subarray(from, at))
    this.#headerBytes += at - from
    if (this.#headerBytes < headerEnd) return at

    const header = this.#header
    const length = this.#length
    this.#header = []
    this.#headerBytes = 0
    this.#length = 0
    const total = headerEnd + adjustment + length
    if (total < headerEnd) {
      this.#lost = true
      const message = `by the length ${length} a frame ends after ${total} bytes, within its header of ${headerEnd}`
      out.fail(new GatewayError('FRAME_CORRUPT', message), Buffer.concat(header))
      return at
    }
    if (total > maxFrameLength) {
      this.#discard = total - headerEnd
      const message = `a frame of ${total} bytes exceeds the limit of ${maxFrameLength}`
      out.fail(new GatewayError('FRAME_TOO_LONG', message), Buffer.concat(header))
      return at
    }
    return this.#open(header, total - headerEnd, chunk, at, out)
  }

  /** Adds the bytes of the length among those from `from` to `to`, the first of which is byte #headerBytes of the header. */
  #readLength(chunk: Buffer, from: number, to: number): void {
    const { offset, littleEndian } = this.#layout
    const start = from - this.#headerBytes + offset
    for (let index = Math.max(from, start); index < to; index++) {
      const byte = chunk[index] as number
      this.#length = littleEndian ? this.#length + byte * 256 ** (index - start) : this.#length * 256 + byte
    }
  }

  /** Gives the frame at once where it lies whole in the chunk, else makes room for it. */
  #open(header: readonly Buffer[], bodyBytes: number, chunk: Buffer, at: number, out: Outlet<Buffer, Buffer>): number {
    const kept = this.#layout.strip === 0 ? header : []
    const first = kept[0]
    if (kept.length <= 1 && at + bodyBytes <= chunk.length) {
      out.emit(chunk.subarray(at - (first?.length ?? 0), at + bodyBytes))
      return at + bodyBytes
    }
    const frame = Buffer.allocUnsafe(bodyBytes + kept.reduce((sum, part) => sum + part.length, 0))
    this.#filled = 0
    for (const part of kept) this.#filled += part.copy(frame, this.#filled)
    this.#frame = frame
    return this.#fill(frame, chunk, at, out)
  }

  #fill(frame: Buffer, chunk: Buffer, from: number, out: Outlet<Buffer, Buffer>): number {
    const copied = chunk.copy(frame, this.#filled, from)
    this.#filled += copied
    if (this.#filled === frame.length) {
      this.#frame = undefined
      out.emit(frame)
    }
    return from + copied
  }

  #pass(chunk: Buffer, from: number): number {
    const passed = Math.min(this.#discard, chunk.length - from)
    this.#discard -= passed
    return from + passed
  }
}
