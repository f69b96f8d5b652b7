import { unfinishedOf } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { type Mark, markOf } from './marks.ts'

/**
 * Frames whose last bytes are always the same, by which one is known to be whole: taken off on the way up, put back on the way
 * down. They count as bytes of the frame: `lengthAdjustment` adds them where the length does not.
 *
 * ```
 * tail(lengthField({ lengthFieldLength: 1, lengthAdjustment: 2, … }), '\r\n')
 *   02 A1 A2 0D 0A      ↔     A1 A2
 *   02 A1 A2 A3 A4      →     FRAME_DAMAGED
 * ```
 * Errors: `FRAME_DAMAGED` for a frame that ends otherwise; the next one is looked for behind it or, within `skipUntil`, from its
 * second byte on. `CONFIGURATION` for an empty mark.
 */
export function tail(of: Framing, bytes: Mark): Framing {
  const mark = markOf(bytes, 'tail', 'bytes')
  return framing(of.name, {
    maxBytes: of.maxBytes,
    finder: () => new TailFinder(of.finder(), mark),
    frame: (frame) => of.frame(Buffer.concat([frame, mark])),
  })
}

class TailFinder implements FrameFinder {
  readonly #of: FrameFinder
  readonly #mark: Buffer

  constructor(of: FrameFinder, mark: Buffer) {
    this.#of = of
    this.#mark = mark
  }

  find(window: Buffer, from: number): found.Found {
    const inner = this.#of.find(window, from)
    if (inner.kind !== 'frame') return inner
    const { frame, next } = inner
    const at = Math.max(0, frame.length - this.#mark.length)
    const end = frame.subarray(at)
    if (end.equals(this.#mark)) return found.frame(frame.subarray(0, at), next)
    const message = `a frame of ${next - from} bytes ends in ${end.toString('hex')} instead of ${this.#mark.toString('hex')}`
    return found.refuse(new GatewayError('FRAME_DAMAGED', message), next, next, from + 1)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return unfinishedOf(this.#of, rest)
  }

  forget(): void {
    this.#of.forget?.()
  }
}
