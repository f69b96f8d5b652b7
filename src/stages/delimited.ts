import { unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { isAt, type Mark, marksOf } from './marks.ts'

/** Options of {@link delimited}. */
export interface DelimitedOptions {
  /**
   * What ends a frame: one byte or more; a string stands for its UTF-8. Where there are several, the first of them to end does,
   * and the longest of those that end together; frames to the device get the first of the list.
   */
  readonly delimiter: Mark | readonly Mark[]
  /** Longest frame in bytes, delimiter not counted; at least 1. */
  readonly maxLength: number
  /** True: frames keep their delimiter, and bring it with them on the way down; default false. */
  readonly keep?: boolean
}

/**
 * Binary frames that end in a delimiter, which is taken off on the way up and put back on the way down.
 *
 * ```
 * delimiter 0D 0A     up:   01 0A 02 0D 0A 03 …  →  01 0A 02 | 03 …     down:  01 0A 02  →  01 0A 02 0D 0A
 * … , keep: true            01 0A 02 0D 0A 03 …  →  01 0A 02 0D 0A | …         01 0A 02 0D 0A  →  the same
 * delimiter [0D 0A, 0A]     01 0A 02 0D 0A 03 …  →  01 | 02 | 03 …             01        →  01 0D 0A
 * ```
 * A byte is looked at a bounded number of times however the chunks are cut, and copied at most once: a frame within one chunk is
 * a view of it.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength`, once so many bytes and a delimiter's have come (it is skipped to its delimiter if the policy
 * goes on), `FRAME_UNTERMINATED` for what the device left unfinished, never passed on. Down, `BUG` for a frame in which a device
 * would find a delimiter before its end, or which does not bring the one that it is to keep. `CONFIGURATION` for an empty
 * delimiter or a `maxLength` that is not a positive integer.
 */
export function delimited(options: DelimitedOptions): Framing {
  const { maxLength, keep = false } = options
  const delimiters = marksOf(options.delimiter, 'delimited', 'delimiter')
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `delimited: maxLength must be a positive integer, not ${maxLength}`)
  }
  const search = searchFor(delimiters)
  return framing('delimited', {
    maxBytes: maxLength + search.longest + 1,
    finder: () => new DelimiterFinder(search, maxLength, keep),
    frame: (frame) => toWire(frame, delimiters[0] as Buffer, search, keep),
  })
}

/** Delimiters to look for. */
interface DelimiterSearch {
  readonly delimiters: readonly Buffer[]
  readonly longest: number
  /** 1 for every byte that is the last of a delimiter. */
  readonly isLast: Uint8Array
  /** That byte, where it is the same in all of them: nothing need be looked at before it comes. -1 else. */
  readonly lastByte: number
}

function searchFor(delimiters: readonly Buffer[]): DelimiterSearch {
  const longestFirst = [...delimiters].sort((a, b) => b.length - a.length)
  const lastBytes = new Set(delimiters.map((each) => each.at(-1) as number))
  const isLast = new Uint8Array(256)
  for (const byte of lastBytes) isLast[byte] = 1
  const [only] = lastBytes
  return {
    delimiters: longestFirst,
    longest: (longestFirst[0] as Buffer).length,
    isLast,
    lastByte: lastBytes.size === 1 ? (only as number) : -1,
  }
}

/** The delimiter that ends first in `bytes` among those that begin at `from` or behind and end behind `searched`. */
function searchIn(bytes: Buffer, from: number, searched: number, search: DelimiterSearch): Match | undefined {
  const { delimiters } = search
  const [only] = delimiters as [Buffer]
  if (delimiters.length === 1) {
    const at = bytes.indexOf(only, Math.max(from, searched - only.length + 1))
    return at < 0 ? undefined : { end: at + only.length, length: only.length }
  }
  for (let at = Math.max(from, searched); at < bytes.length; at++) {
    if (search.isLast[bytes[at] as number] === 0) continue
    const end = at + 1
    const ending = delimiters.find((each) => end - each.length >= from && isAt(bytes, end - each.length, each))
    if (ending !== undefined) return { end, length: ending.length }
  }
  return undefined
}

interface Match {
  readonly end: number
  readonly length: number
}

/** How many bytes at the end of `bytes` begin a delimiter. */
function begunIn(bytes: Buffer, { delimiters, longest }: DelimiterSearch): number {
  for (let length = Math.min(longest - 1, bytes.length); length > 0; length--) {
    const end = bytes.subarray(bytes.length - length)
    if (delimiters.some((each) => each.length > length && isAt(each, 0, end))) return length
  }
  return 0
}

class DelimiterFinder implements FrameFinder {
  readonly #search: DelimiterSearch
  readonly #maxLength: number
  readonly #keep: boolean
  /** So many bytes of the frame hold no delimiter that ends among them. */
  #searched = 0
  /** A frame was refused before its end came. */
  #skipping = false

  constructor(search: DelimiterSearch, maxLength: number, keep: boolean) {
    this.#search = search
    this.#maxLength = maxLength
    this.#keep = keep
  }

  find(window: Buffer, from: number): found.Found {
    const match = searchIn(window, from, from + this.#searched, this.#search)
    this.#searched = 0
    if (this.#skipping) return this.#skip(window, from, match)
    const limit = from + this.#maxLength + this.#search.longest
    if (match !== undefined) {
      const { end, length } = match
      if (end - length - from > this.#maxLength) return found.refuse(this.#tooLong(), end, Math.min(end, limit))
      return found.frame(window.subarray(from, this.#keep ? end : end - length), end)
    }
    if (window.length >= limit) {
      this.#skipping = true
      return found.refuseBegun(this.#tooLong(), limit - this.#search.longest + 1, limit)
    }
    this.#searched = window.length - from
    const { lastByte } = this.#search
    return lastByte < 0 ? found.waitForMore(limit - from) : found.waitForByte(lastByte, limit - from)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    if (this.#skipping) return undefined
    return rest.length - begunIn(rest, this.#search) > this.#maxLength ? this.#tooLong() : unterminated(rest.length)
  }

  forget(): void {
    this.#skipping = false
  }

  /** Passes over what is left of a refused frame, but for what may begin its delimiter. */
  #skip(window: Buffer, from: number, match: Match | undefined): found.Found {
    if (match !== undefined) {
      this.#skipping = false
      return found.idle(match.end)
    }
    const keep = this.#search.longest - 1
    const next = window.length - keep
    return next > from ? found.idleWithin(next) : found.wait(this.#search.longest)
  }

  #tooLong(): GatewayError {
    const message = `a frame of at least ${this.#maxLength + 1} bytes exceeds the limit of ${this.#maxLength}`
    return new GatewayError('FRAME_TOO_LONG', message)
  }
}

function toWire(frame: Buffer, first: Buffer, search: DelimiterSearch, keep: boolean): Buffer {
  const wire = keep ? frame : Buffer.concat([frame, first])
  // Looked for in both together: the end of the frame and the first bytes of the delimiter can make one as well.
  const match = searchIn(wire, 0, 0, search)
  if (match === undefined) {
    throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent does not end in its delimiter`)
  }
  if (match.end !== wire.length || (!keep && match.length !== first.length)) {
    throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent contains the delimiter`)
  }
  return wire
}
