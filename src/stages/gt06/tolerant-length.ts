import { unfinishedOf } from '../../core/deframer.ts'
import type { GatewayError } from '../../core/errors.ts'
import * as found from '../../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../../core/framing.ts'
import { checkOf } from '../check-kinds.ts'
import { leastBytes, shortFrameLength } from './wire.ts'

const carriageReturn = 0x0d
const lineFeed = 0x0a

const crc = checkOf('CRC-16/X-25')

/**
 * Frames of GT06 trackers whose length may be wrong: one that does not end where it says ends at the first `0D 0A`, within 260 bytes,
 * if its CRC is right, or in any case where `anyCheck` is true. Where the length claims too much and the CRC is right, it is not
 * waited for. For use within `skipUntil`.
 *
 * ```
 * 78 78 08 13 4B 04 03 00 01 00 11 C1 C2 0D 0A     →     78 78 08 13 4B 04 03 00 01 00 11 C1 C2
 *       └ says 8, has 10
 * ```
 * A false start mark costs a CRC of 260 bytes at most. Down as `of`.
 */
export function tolerantLength(of: Framing, anyCheck: boolean): Framing {
  return framing(of.name, {
    maxBytes: of.maxBytes,
    finder: () => new TolerantFinder(of, anyCheck),
    frame: (frame) => of.frame(frame),
  })
}

class TolerantFinder implements FrameFinder {
  readonly #framing: Framing
  readonly #anyCheck: boolean
  #strict: FrameFinder
  /** Why the frame does not end where it says, once that is known. */
  #refusal: { readonly error: GatewayError; readonly next: number; readonly shown: number } | undefined
  /** So many bytes of the frame hold no end. */
  #searched = 0
  /** Where the frame ends by its first `0D 0A`, counted from its start; undefined as long as that has not come. */
  #end: number | undefined

  constructor(of: Framing, anyCheck: boolean) {
    this.#framing = of
    this.#anyCheck = anyCheck
    this.#strict = of.finder()
  }

  find(window: Buffer, from: number): found.Found {
    if (this.#end === undefined && this.#hasEnd(window, from) && this.#isSound(window, from)) {
      return this.#frame(window, from)
    }
    // Before its own end is there, or beyond it, the first 0D 0A may also be content.
    if (this.#refusal === undefined) {
      const own = this.#strict.find(window, from)
      if (own.kind === 'wait') return this.#waitFor(own, window.length - from)
      if (own.kind === 'frame') this.forget()
      if (own.kind !== 'refuse') return own
      this.#refusal = { error: own.error, next: own.next - from, shown: own.shown - from }
    }
    if (this.#end === undefined && this.#searched < shortFrameLength)
      return found.waitForByte(lineFeed, shortFrameLength)
    if (this.#end !== undefined && this.#anyCheck) return this.#frame(window, from)
    const { error, next, shown } = this.#refusal
    this.forget()
    return found.refuse(error, from + next, from + shown, from + 1)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return unfinishedOf(this.#strict, rest)
  }

  forget(): void {
    this.#refusal = undefined
    this.#searched = 0
    this.#end = undefined
    this.#strict = this.#framing.finder()
  }

  /** Looks on for the first `0D 0A` at which a frame could end, as far as one of a wrong length is believed. */
  #hasEnd(window: Buffer, from: number): boolean {
    const last = Math.min(window.length - from, shortFrameLength)
    for (let at = Math.max(this.#searched, leastBytes - 1); at < last; at++) {
      if (window[from + at] === lineFeed && window[from + at - 1] === carriageReturn) {
        this.#end = at + 1
        return true
      }
    }
    this.#searched = Math.max(this.#searched, last)
    return false
  }

  #isSound(window: Buffer, from: number): boolean {
    const crcAt = from + (this.#end as number) - 4
    return crc.compute(window, from + 2, crcAt) === window.readUInt16BE(crcAt)
  }

  #frame(window: Buffer, from: number): found.Found {
    const next = from + (this.#end as number)
    this.forget()
    return found.frame(window.subarray(from, next - 2), next)
  }

  /** For the frame's own end or, as long as it may come before that, for the first `0D 0A`. */
  #waitFor(own: found.FoundNotYet, present: number): found.Found {
    return this.#end === undefined && present < shortFrameLength ? found.waitForByte(lineFeed, own.total) : own
  }
}
