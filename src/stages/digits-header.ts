import { digitOf } from './length-encoding.ts'
import { matchedAt } from './marks.ts'

/** A header in which a length stands in digits between marks. */
export interface DigitsHeader {
  /** What it begins with; may be empty. */
  readonly start: Buffer
  /** So many bytes of any value follow. */
  readonly skip: number
  /** The length begins behind the last of so many of these marks. */
  readonly after: Buffer
  readonly occurrence: number
  readonly base: 10 | 16
  /** Whether the first digit may be 0. */
  readonly leadingZero: boolean
  /** What follows the digits; begins with none. */
  readonly lengthEnd: Buffer
}

/** What is wrong with a header. `shown`: so many bytes say so; the same in every cutting. */
export interface BadHeader {
  readonly corrupt: string
  readonly shown: number
}

/** Reads such a header byte after byte, in as many calls as it takes. */
export class DigitsHeaderReader {
  readonly #header: DigitsHeader
  /** How many bytes have been read. */
  at = 0
  /** Where the digits begin, once that is known, and where they end. */
  lengthAt = -1
  lengthTo = 0
  length = 0
  #marks: number

  constructor(header: DigitsHeader) {
    this.#header = header
    this.#marks = header.occurrence
  }

  /** Begins another header. */
  reset(): void {
    this.at = 0
    this.lengthAt = -1
    this.length = 0
    this.#marks = this.#header.occurrence
  }

  /**
   * Reads on in the header that begins at `from`, of which the bytes before `end` are there; undefined when it has been read.
   * `blank`: it may hold no length, or any digits in its place.
   */
  read(window: Buffer, from: number, end: number, blank = false): 'more' | BadHeader | undefined {
    return (
      this.#readStart(window, from, end) ??
      this.#readMarks(window, from, end) ??
      this.#readLength(window, from, end, blank)
    )
  }

  #readStart(window: Buffer, from: number, end: number): 'more' | BadHeader | undefined {
    const { start, skip } = this.#header
    if (this.at > 0) return undefined
    const matched = matchedAt(window, from, start)
    if (matched < start.length) {
      if (from + matched === end) return 'more'
      const shown = matched + 1
      const begin = window.toString('hex', from, from + shown)
      return { corrupt: `a frame begins with ${begin} instead of ${start.toString('hex')}`, shown }
    }
    this.at = start.length + skip
    return undefined
  }

  #readMarks(window: Buffer, from: number, end: number): 'more' | undefined {
    const { after } = this.#header
    while (this.#marks > 0) {
      const at = from + this.at
      if (at >= end) return 'more'
      const matched = matchedAt(window, at, after)
      if (matched === after.length) {
        this.#marks--
        this.at += matched
      } else if (at + matched === end) {
        return 'more'
      } else {
        this.at++
      }
    }
    return undefined
  }

  #readLength(window: Buffer, from: number, end: number, blank: boolean): 'more' | BadHeader | undefined {
    const { base, leadingZero, lengthEnd } = this.#header
    if (this.lengthAt < 0) this.lengthAt = this.at
    for (; from + this.at < end; this.at++) {
      const at = from + this.at
      const digit = digitOf(window[at] as number, base)
      const first = this.at === this.lengthAt
      if (digit >= 0) {
        if (digit === 0 && first && !leadingZero && !blank) return this.#bad(window, from, this.at + 1)
        this.length = this.length * base + digit
        continue
      }
      const matched = Math.min(matchedAt(window, at, lengthEnd), end - at)
      if (matched < lengthEnd.length && at + matched === end) return 'more'
      if (matched < lengthEnd.length || (first && !blank)) {
        return this.#bad(window, from, Math.min(this.at + matched + 1, this.at + lengthEnd.length))
      }
      this.lengthTo = this.at
      this.at += matched
      return undefined
    }
    return 'more'
  }

  #bad(window: Buffer, from: number, shown: number): BadHeader {
    const found = window.toString('hex', from + this.lengthAt, from + shown)
    return { corrupt: `the length of a frame is not written in digits: ${found}`, shown }
  }
}
