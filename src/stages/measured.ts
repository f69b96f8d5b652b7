import { unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import type { FrameFinder } from '../core/framing.ts'

/** What the first bytes of a frame say about all of it. */
export type Measured =
  /** It has `total` bytes, of which those before `contentAt` are not given up. `headerEnd`: how much of it says so. */
  | { readonly total: number; readonly contentAt: number; readonly headerEnd: number }
  /** So many bytes are needed to tell. */
  | { readonly need: number }
  /** No frame begins like this. `shown`: how many bytes say so; the same in every cutting. */
  | { readonly corrupt: string; readonly shown: number }

/** Reads the header of the frame that begins at `window[from]`, of which bytes up to `window.length` are there. */
export type Measure = (window: Buffer, from: number) => Measured

/**
 * Finds frames whose header tells how long they are. Used by every framing of that kind.
 *
 * Errors: `FRAME_TOO_LONG` for one over `maxLength`, of which exactly its bytes are discarded; `FRAME_CORRUPT` for a header that
 * makes no sense, after which nothing can be framed; `FRAME_UNTERMINATED`.
 */
export class MeasuredFinder implements FrameFinder {
  readonly #measure: Measure
  readonly #maxLength: number
  readonly #failFast: boolean

  constructor(measure: Measure, maxLength: number, failFast = true) {
    this.#measure = measure
    this.#maxLength = maxLength
    this.#failFast = failFast
  }

  find(window: Buffer, from: number): found.Found {
    const measured = this.#measure(window, from)
    if ('need' in measured) return found.wait(measured.need)
    if ('corrupt' in measured) {
      const error = new GatewayError('FRAME_CORRUPT', measured.corrupt)
      return found.refuse(error, Number.POSITIVE_INFINITY, from + measured.shown, from + 1)
    }
    const { total, contentAt, headerEnd } = measured
    const end = from + total
    if (total > this.#maxLength) {
      const message = `a frame of ${total} bytes exceeds the limit of ${this.#maxLength}`
      const refuse = this.#failFast ? found.refuse : found.refuseLate
      return refuse(new GatewayError('FRAME_TOO_LONG', message), end, from + headerEnd, from + 1)
    }
    if (end > window.length) return found.wait(total)
    return found.frame(window.subarray(from + contentAt, end), end)
  }

  unfinished(rest: Buffer): GatewayError {
    const measured = this.#measure(rest, 0)
    return unterminated(rest.length, 'total' in measured ? measured.total : undefined)
  }
}
