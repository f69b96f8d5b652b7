import { unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import type { FrameFinder } from '../core/framing.ts'
import { type Take, tooLong } from './enclosed.ts'
import { isAt, placeOf } from './marks.ts'

/** What a {@link FlagFinder} looks for. */
export interface Flagged {
  /** Never part of a body. */
  readonly flag: Buffer
  /** True: the first frame of a connection may begin without a flag. */
  readonly begun: boolean
  /** Longest frame in bytes, for the error; and how many its body may have on the wire. */
  readonly maxLength: number
  readonly maxBody: number
  readonly take: Take
}

/**
 * Finds frames with the same flag before and behind them, of which one between two frames is enough; several are nothing.
 *
 * ```
 * flag 7E      7E A1 7E 7E B1 7E C1 7E 7E 7E D1 7E     →     A1 | B1 | C1 | D1
 * ```
 * Errors: `FRAME_TOO_LONG` for a body over `maxBody`, once so many bytes and a flag's have come, skipped to its flag; what `take`
 * says of a body; one `FRAME_NOISE` for what comes before the first flag; `FRAME_UNTERMINATED`.
 */
export class FlagFinder implements FrameFinder {
  readonly #flagged: Flagged
  /** A flag has passed: what follows belongs to a frame. */
  #begun: boolean
  /** So many bytes of the frame hold no flag that ends among them, but for the one that it begins with. */
  #searched = 0
  /** A frame was refused before its end came. */
  #skipping = false

  constructor(flagged: Flagged) {
    this.#flagged = flagged
    this.#begun = flagged.begun
  }

  find(window: Buffer, from: number): found.Found {
    if (this.#skipping) return this.#skip(window, from)
    const { flag, maxBody, maxLength, take } = this.#flagged
    const bodyAt = isAt(window, from, flag) ? from + flag.length : from
    const searched = Math.max(bodyAt, from + this.#searched - flag.length + 1)
    this.#searched = 0
    // The last of several flags stays in front of its frame, so that nobody takes the body for what lies between frames.
    if (bodyAt > from && isAt(window, bodyAt, flag)) return found.idle(bodyAt)
    if (bodyAt === from && !this.#begun) return this.#noise(window, from)
    const bodyEnd = window.indexOf(flag, searched)
    const limit = bodyAt + maxBody + flag.length
    if (bodyEnd < 0 ? window.length >= limit : bodyEnd - bodyAt > maxBody) {
      this.#skipping = true
      return found.refuseBegun(tooLong(maxLength), limit - flag.length + 1, limit)
    }
    if (bodyEnd < 0) {
      this.#searched = window.length - from
      return found.waitForByte(flag.at(-1) as number, limit - from)
    }
    this.#begun = true
    const next = bodyEnd + flag.length
    const frame = take(window, bodyAt, bodyEnd, next)
    return frame instanceof GatewayError ? found.refuse(frame, next, next) : found.frame(frame, next)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return this.#skipping || rest.equals(this.#flagged.flag) ? undefined : unterminated(rest.length)
  }

  forget(): void {
    this.#skipping = false
    this.#begun = this.#flagged.begun
  }

  #noise(window: Buffer, from: number): found.Found {
    const at = placeOf(window, from, this.#flagged.flag)
    return at > from ? found.noise(at) : found.wait(window.length - from + 1)
  }

  #skip(window: Buffer, from: number): found.Found {
    const { flag } = this.#flagged
    const at = placeOf(window, from, flag)
    if (at + flag.length > window.length) return at > from ? found.idleWithin(at) : found.wait(window.length - from + 1)
    this.#skipping = false
    this.#begun = true
    return found.idle(at + flag.length)
  }
}
