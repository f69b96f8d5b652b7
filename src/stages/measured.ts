import { unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import type { FrameFinder } from '../core/framing.ts'

/** How long a frame is. */
export interface MeasuredFrame {
  readonly total: number
  /** Bytes before this index are not given up. */
  readonly contentAt: number
  /** So many bytes have told; the same in every cutting. */
  readonly headerEnd: number
  /** So many bytes count for the limit; default all of them. */
  readonly counted?: number
}

/** What the first bytes of a frame say about all of it. */
export type Measured =
  | MeasuredFrame
  /** So many bytes are needed to tell. */
  | { readonly need: number }
  /** No frame begins like this. `shown`: how many bytes say so; the same in every cutting. */
  | { readonly corrupt: string; readonly shown: number }

/**
 * Reads the header of the frame that begins at `window[from]`, of which bytes up to `window.length` are there. `seen`: so many of them
 * were there when it needed more the last time; 0 for a frame that it has not seen.
 */
export type Measure = (window: Buffer, from: number, seen: number) => Measured

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
  #seen = 0
  /** What was said about a frame that is not whole. */
  #measured: MeasuredFrame | undefined

  constructor(measure: Measure, maxLength: number, failFast = true) {
    this.#measure = measure
    this.#maxLength = maxLength
    this.#failFast = failFast
  }

  find(window: Buffer, from: number): found.Found {
    const measured = this.#measured ?? this.#measure(window, from, this.#seen)
    if ('need' in measured) {
      this.#seen = window.length - from
      return found.wait(measured.need)
    }
    this.#seen = 0
    this.#measured = undefined
    if ('corrupt' in measured) {
      const error = new GatewayError('FRAME_CORRUPT', measured.corrupt)
      return found.refuse(error, Number.POSITIVE_INFINITY, from + measured.shown, from + 1)
    }
    const { total, contentAt, headerEnd, counted = total } = measured
    const end = from + total
    if (counted > this.#maxLength) {
      const message = `a frame of ${counted} bytes exceeds the limit of ${this.#maxLength}`
      const refuse = this.#failFast ? found.refuse : found.refuseLate
      return refuse(new GatewayError('FRAME_TOO_LONG', message), end, from + headerEnd, from + 1)
    }
    if (end > window.length) {
      this.#measured = measured
      return found.wait(total)
    }
    return found.frame(window.subarray(from + contentAt, end), end)
  }

  unfinished(rest: Buffer): GatewayError {
    return unterminated(rest.length, this.#measured?.total)
  }
}
