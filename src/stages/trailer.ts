import { unfinishedOf } from '../core/deframer.ts'
import type { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { type Mark, markOf, matchedAt } from './marks.ts'

/** Options of {@link trailer}. */
export interface TrailerOptions {
  /** True: the trailer is also written behind every frame on the way down; default false. */
  readonly write?: boolean
}

/**
 * Frames that may be followed by bytes which belong to none, such as an optional CR LF: passed over in silence where they come,
 * directly behind a frame. The frame is given up at once, it does not wait for them.
 *
 * ```
 * trailer(lengthField({ lengthFieldLength: 1, … }), '\r\n')
 *   02 A1 A2 0D 0A 01 B1 01 C1      →     A1 A2 | B1 | C1       down:  A1 A2  →  02 A1 A2
 * ```
 * A frame that begins with the bytes of the trailer cannot be told from it. Within `skipUntil` a trailer is skipped as noise: put it
 * around. `CONFIGURATION` for an empty trailer.
 */
export function trailer(of: Framing, bytes: Mark, options: TrailerOptions = {}): Framing {
  const mark = markOf(bytes, 'trailer', 'bytes')
  return framing(of.name, {
    maxBytes: of.maxBytes + mark.length,
    finder: () => new TrailerFinder(of.finder(), mark),
    frame: options.write === true ? (frame) => Buffer.concat([of.frame(frame), mark]) : (frame) => of.frame(frame),
  })
}

class TrailerFinder implements FrameFinder {
  readonly #of: FrameFinder
  readonly #mark: Buffer
  /** Nothing has come since the last frame but, perhaps, a part of the trailer. */
  #due = false
  /** The rest of a refused frame passes. */
  #passing = false

  constructor(of: FrameFinder, mark: Buffer) {
    this.#of = of
    this.#mark = mark
  }

  find(window: Buffer, from: number): found.Found {
    if (this.#due) {
      const matched = matchedAt(window, from, this.#mark)
      if (matched < this.#mark.length && from + matched === window.length) return found.wait(matched + 1)
      this.#due = false
      if (matched === this.#mark.length) return found.idle(from + matched)
    }
    const inner = this.#of.find(window, from)
    if (inner.kind === 'wait') return inner
    // A refused frame is followed by a trailer like any other.
    this.#due = !found.isWithin(inner) && (inner.kind !== 'filler' || this.#passing)
    this.#passing = found.isWithin(inner)
    return inner
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return this.#due ? undefined : unfinishedOf(this.#of, rest)
  }

  forget(): void {
    this.#due = false
    this.#passing = false
    this.#of.forget?.()
  }
}
