import { unfinishedOf } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { type Mark, marksOf, matchedAt } from './marks.ts'

/** Options of {@link skipUntil}. */
export interface SkipUntilOptions {
  /** After so many bytes without a frame there will be none: `FRAME_CORRUPT`. Default 65,536. */
  readonly maxSkipped?: number
}

/**
 * Frames that begin with a mark, found again whatever came in between: bytes before a mark are skipped and counted, and where
 * something at a mark turns out to be no frame, the next mark is looked for from its second byte on.
 *
 * ```
 * skipUntil(tail(lengthField({ lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: 2, … }), '\r\n'), Buffer.of(0x78, 0x78))
 *   00 FF 78 78 01 A1 0D 0A 78 78 FF 78 78 01 B1 0D 0A      →     78 78 01 A1 | 78 78 01 B1
 *   └ 2 ┘                   └─ 3 ──┘ skipped
 * ```
 * The mark stays part of the frame, for the framing to see; where there are several, any of them begins one. Bytes that are idle or
 * a trailer are skipped like any others: put `idleBytes` and `trailer` around `skipUntil`, not into it.
 *
 * What claims to be a long frame is waited for, up to the framing's own limit, with whatever comes in its place: keep that limit low.
 * Where it is none after all, its bytes are looked at again from the second on. So a byte costs as often as false frames claim it,
 * their header each, or all of them where a checksum is what refuses: in the worst case as many times as a frame may have bytes.
 *
 * Errors: one `FRAME_NOISE` for each run of skipped bytes, with their number and the framing's own reason where there was one (so a
 * frame that it refuses does not close the connection); they are counted in `headgate_noise_bytes_total`. `FRAME_CORRUPT` after
 * `maxSkipped` bytes in a row. Down, `BUG` for a frame that does not begin with a mark. `CONFIGURATION` for an empty mark or a
 * `maxSkipped` that is not a positive integer.
 */
export function skipUntil(of: Framing, marks: Mark | readonly Mark[], options: SkipUntilOptions = {}): Framing {
  const { maxSkipped = 65_536 } = options
  const list = marksOf(marks, 'skipUntil', 'marks')
  if (!Number.isInteger(maxSkipped) || maxSkipped < 1) {
    throw new GatewayError('CONFIGURATION', `skipUntil: maxSkipped must be a positive integer, not ${maxSkipped}`)
  }
  return framing(of.name, {
    maxBytes: Math.max(of.maxBytes, ...list.map((each) => each.length)),
    finder: () => new SkippingFinder(of.finder(), list, maxSkipped),
    frame(frame) {
      const wire = of.frame(frame)
      if (list.some((mark) => matchedAt(wire, 0, mark) === mark.length)) return wire
      throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent does not begin with a mark`)
    },
  })
}

class SkippingFinder implements FrameFinder {
  readonly #of: FrameFinder
  readonly #marks: readonly Buffer[]
  readonly #maxSkipped: number
  #atMark = false
  #skipped = 0

  constructor(of: FrameFinder, marks: readonly Buffer[], maxSkipped: number) {
    this.#of = of
    this.#marks = marks
    this.#maxSkipped = maxSkipped
  }

  find(window: Buffer, from: number): found.Found {
    if (!this.#atMark) {
      const at = this.#nextMark(window, from)
      if (at > from) return this.#skip(from, at)
      if (at === from) this.#atMark = true
      else return found.wait(window.length - from + 1)
    }
    const inner = this.#of.find(window, from)
    this.#atMark = found.isWithin(inner)
    if (inner.kind === 'refuse') {
      this.#atMark = false
      this.#of.forget?.()
      return this.#skip(from, Math.max(from + 1, inner.resync), inner.error)
    }
    if (inner.kind === 'frame') this.#skipped = 0
    return inner
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return unfinishedOf(this.#of, rest)
  }

  forget(): void {
    this.#atMark = false
    this.#skipped = 0
    this.#of.forget?.()
  }

  /** Skips as far as is allowed; to the byte, so that every cutting gives the same errors. */
  #skip(from: number, to: number, why?: GatewayError): found.Found {
    const allowed = Math.min(to - from, this.#maxSkipped - this.#skipped)
    this.#skipped += allowed
    if (allowed > 0) return found.noise(from + allowed, why)
    const message = `no frame within ${this.#maxSkipped} bytes`
    return found.refuse(new GatewayError('FRAME_CORRUPT', message), Number.POSITIVE_INFINITY, from)
  }

  /** Where the first mark begins, or what may become one; -1 where that is at `from`. */
  #nextMark(window: Buffer, from: number): number {
    for (let at = from; at < window.length; at++) {
      let begun = false
      for (const mark of this.#marks) {
        const matched = matchedAt(window, at, mark)
        if (matched === mark.length) return at
        if (at + matched === window.length) begun = true
      }
      if (begun) return at === from ? -1 : at
    }
    return window.length
  }
}
