import { Deframer } from './deframer.ts'
import { GatewayError } from './errors.ts'
import type { Found } from './found.ts'
import type { Bytes, Frames } from './levels.ts'
import type { Stage } from './stage.ts'

/**
 * Finds the frames of one connection. It looks at bytes where they lie and keeps none: the deframer that calls it holds what
 * is not whole yet, and copies it once.
 */
export interface FrameFinder {
  /**
   * Looks at the bytes from index `from` to the end of `window`: at least one, and no more than is there of what follows the last
   * frame. Answers with the one thing found there, made by the functions of `found`:
   *
   * - `frame`, `idle`, `noise`, `refuse`: the bytes before `next` are done with; the next call is about what follows.
   * - `wait`, `waitForByte`: not whole yet. The next call shows the same bytes again and more behind them (perhaps elsewhere in
   *   another buffer), so that a finder may remember, counted from `from`, how far it has looked. It must, where it searches: each
   *   byte is to be looked at a bounded number of times.
   */
  find(window: Buffer, from: number): Found
  /**
   * What is wrong if the device ends the connection with these bytes (at least one) left; undefined where nothing is. Without it:
   * `FRAME_UNTERMINATED`.
   */
  unfinished?(rest: Buffer): GatewayError | undefined
  /**
   * After a refusal: what follows is not to be taken for the rest of the refused frame, a frame may begin right there. Needed by
   * those who say `refuseBegun`, and by those who are made of others.
   */
  forget?(): void
}

/** What {@link framing} is made of. */
export interface FramingParts {
  /** The most bytes that a frame may take on the wire, all marks included: a connection holds no more than these. */
  readonly maxBytes: number
  /** Opens the way up for one connection. */
  finder(): FrameFinder
  /** The way down: the frame as it goes on the wire. Throws `BUG` for what no device could take apart, `MESSAGE_TOO_LARGE`. */
  frame(frame: Buffer): Buffer
}

/**
 * How a protocol marks where frames begin and end: a stage to put into a pipeline, and a value to compose others from
 * (`choice`, `sequence`, `skipUntil`, `trailer`, `idleBytes`).
 */
export interface Framing extends FramingParts, Stage<Bytes, Frames> {}

/**
 * Makes a framing. What `finder` finds is cut in any chunking alike, bounded and in linear time as long as the finder keeps
 * its promises. One that waits for more than `maxBytes`, or does not get on, is refused with `BUG`.
 */
export function framing(name: string, parts: FramingParts): Framing {
  const { maxBytes } = parts
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
    throw new GatewayError('CONFIGURATION', `${name}: a frame takes 1 byte or more on the wire, not ${maxBytes}`)
  }
  return {
    ...parts,
    name,
    open(connection) {
      const meter = connection.meter.stage(name, 'up')
      return {
        up: new Deframer(parts.finder(), maxBytes, meter),
        down: (frame, out) => out.emit(parts.frame(frame)),
      }
    },
  }
}
