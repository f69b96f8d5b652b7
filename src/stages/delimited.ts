import { unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { type DelimiterSearch, delimiterSearch } from './delimiter-search.ts'
import { type Mark, marksOf } from './marks.ts'

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
  const search = delimiterSearch(delimiters)
  return framing('delimited', {
    maxBytes: maxLength + search.longest + 1,
    finder: () => new DelimiterFinder(search, maxLength, keep),
    frame: (frame) => toWire(frame, delimiters[0] as Buffer, search, keep),
  })
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
    const search = this.#search
    const end = search.endIn(window, from, from + this.#searched)
    this.#searched = 0
    if (this.#skipping) return this.#skip(window, from, end)
    const limit = from + this.#maxLength + search.longest
    if (end >= 0) {
      const contentEnd = end - search.lengthAt(window, from, end)
      if (contentEnd - from > this.#maxLength) return found.refuse(this.#tooLong(), end, Math.min(end, limit))
      return found.frame(window.subarray(from, this.#keep ? end : contentEnd), end)
    }
    if (window.length >= limit) {
      this.#skipping = true
      return found.refuseBegun(this.#tooLong(), limit - search.longest + 1, limit)
    }
    this.#searched = window.length - from
    return search.lastByte < 0 ? found.waitForMore(limit - from) : found.waitForByte(search.lastByte, limit - from)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    if (this.#skipping) return undefined
    return rest.length - this.#search.begunIn(rest) > this.#maxLength ? this.#tooLong() : unterminated(rest.length)
  }

  forget(): void {
    this.#skipping = false
  }

  /** Passes over what is left of a refused frame, but for what may begin its delimiter. */
  #skip(window: Buffer, from: number, end: number): found.Found {
    if (end >= 0) {
      this.#skipping = false
      return found.idle(end)
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
  const end = search.endIn(wire, 0, 0)
  if (end < 0) {
    throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent does not end in its delimiter`)
  }
  if (end !== wire.length || (!keep && search.lengthAt(wire, 0, end) !== first.length)) {
    throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent contains the delimiter`)
  }
  return wire
}
