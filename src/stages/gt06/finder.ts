import { unterminated } from '../../core/deframer.ts'
import { GatewayError } from '../../core/errors.ts'
import * as found from '../../core/found.ts'
import type { FrameFinder } from '../../core/framing.ts'
import { faultOf, isSound, leastBytes, shortFrameLength } from './wire.ts'

/** How much of a frame's envelope must be right, see `gt06Framing`. */
export type Gt06Tolerance = 'strict' | 'tolerateLength' | 'tolerateAll'

/** After so many bytes without a frame there will be none. */
const mostSkipped = 65_536

type Reason = () => GatewayError

const carriageReturn = 0x0d
const lineFeed = 0x0a

/**
 * Finds the frames of a GT06 tracker. What claims to be a frame is one if it ends with stop bytes where its length says; until that is
 * known, a whole frame with a right CRC that begins within it shows that it was cut short.
 *
 * Each stop is looked at once, whatever frames are claimed around it: for the frame of at most 260 bytes that may end there.
 */
export class Gt06Finder implements FrameFinder {
  readonly #tolerance: Gt06Tolerance
  readonly #maxFrameLength: number
  /** Of so many bytes to come it is known that no sound frame ends there which begins behind the first of them. */
  #examined = 0
  /** The first stop by which the claimed frame could end, counted from its start, and how far it was looked for. */
  #firstStop: number | undefined
  #searched = 0
  #total: number | undefined
  #skipped = 0
  /** Whether it has been said why the bytes that are being skipped are no frame. */
  #explained = false

  constructor(tolerance: Gt06Tolerance, maxFrameLength: number) {
    this.#tolerance = tolerance
    this.#maxFrameLength = maxFrameLength
  }

  find(window: Buffer, from: number): found.Found {
    const mark = nextMark(window, from)
    if (mark > from) return this.#skip(from, mark)
    const present = window.length - from
    if (present < 2) return found.wait(2)
    const headerBytes = window[from] === 0x79 ? 4 : 3
    if (present < headerBytes) return found.wait(headerBytes)
    const total = headerBytes + window.readUIntBE(from + 2, headerBytes - 2) + 2
    this.#total = total
    return total > this.#maxFrameLength
      ? this.#endless(window, from, () => tooLong(total, this.#maxFrameLength))
      : this.#claimed(window, from, total)
  }

  unfinished(rest: Buffer): GatewayError {
    return unterminated(rest.length, this.#total)
  }

  /** What claims to be a frame of `total` bytes. */
  #claimed(window: Buffer, from: number, total: number): found.Found {
    const before = this.#before(window, from, total - 1)
    if (before !== undefined) return before
    const end = from + total
    if (window.length < end) return found.waitForByte(lineFeed, total)
    if (!isStop(window, end)) {
      return this.#endless(window, from, () => {
        const stop = window.toString('hex', end - 2, end)
        return damaged(`a frame of ${total} bytes ends in ${stop} instead of 0d0a`)
      })
    }
    const frame = window.subarray(from, end - 2)
    const fault = faultOf(frame)
    if (fault === undefined) return this.#frame(window, from, end)
    const inner = lastSound(window, from + 1, end)
    if (inner !== undefined) return this.#cutShort(from, inner, total)
    if (this.#tolerance === 'tolerateAll') return this.#frame(window, from, end)
    this.#passed(total)
    return found.refuse(fault, end, end)
  }

  /** What begins like a frame and does not end where it says, for the reason `why`. */
  #endless(window: Buffer, from: number, why: Reason): found.Found {
    if (this.#tolerance === 'strict') return this.#skip(from, nextMark(window, from + 1), why)
    // There it ends, or nowhere: what comes behind its first stop is another's.
    const before = this.#before(window, from, shortFrameLength, true)
    if (before !== undefined) return before
    if (this.#firstStop !== undefined && this.#tolerance === 'tolerateAll') {
      return this.#frame(window, from, from + this.#firstStop)
    }
    const more = this.#firstStop === undefined && window.length - from < shortFrameLength
    return more ? found.waitForByte(lineFeed, shortFrameLength) : this.#skip(from, nextMark(window, from + 1), why)
  }

  /** What is found at stops within the first `bytes` of what claims to be a frame. */
  #before(window: Buffer, from: number, bytes: number, toFirstStop = false): found.Found | undefined {
    let present = Math.min(bytes, window.length - from)
    if (this.#tolerance !== 'strict' && this.#isFirstStop(window, from, present)) {
      const end = from + (this.#firstStop as number)
      if (isSound(window.subarray(from, end - 2))) return this.#frame(window, from, end)
    }
    if (toFirstStop) present = Math.min(present, this.#firstStop ?? present)
    // A stop behind which the claimed frame goes on may be the end of the frame that cut it short.
    for (let at = Math.max(this.#examined, leastBytes) + 1; at <= present; at++) {
      if (!isStop(window, from + at)) continue
      const inner = lastSound(window, from + 1, from + at)
      if (inner !== undefined) return this.#cutShort(from, inner, this.#total as number)
      this.#examined = at
    }
    this.#examined = Math.max(this.#examined, present)
    return undefined
  }

  /** Looks for the first stop; true when it has just been found. */
  #isFirstStop(window: Buffer, from: number, present: number): boolean {
    if (this.#firstStop !== undefined) return false
    const last = Math.min(present, shortFrameLength)
    for (let at = Math.max(this.#searched + 1, leastBytes); at <= last; at++) {
      if (!isStop(window, from + at)) continue
      this.#firstStop = at
      return true
    }
    this.#searched = Math.max(this.#searched, last)
    return false
  }

  #frame(window: Buffer, from: number, end: number): found.Found {
    this.#passed(end - from)
    return found.frame(window.subarray(from, end - 2), end)
  }

  #cutShort(from: number, inner: number, total: number): found.Found {
    return this.#skip(from, inner, () =>
      damaged(`a frame of ${total} bytes was cut short after ${inner - from} by another`),
    )
  }

  /** Skips as far as is allowed; to the byte, so that every cutting gives the same errors. */
  #skip(from: number, to: number, why?: Reason): found.Found {
    const allowed = Math.min(to - from, mostSkipped - this.#skipped)
    this.#skipped += allowed
    this.#moved(allowed)
    if (allowed > 0) {
      // A run of noise is told with its first reason; errors cost more than all the looking.
      const reason = this.#explained ? undefined : why?.()
      this.#explained ||= reason !== undefined
      return found.noise(from + allowed, reason)
    }
    const message = `no frame within ${mostSkipped} bytes`
    return found.refuse(new GatewayError('FRAME_CORRUPT', message), Number.POSITIVE_INFINITY, from)
  }

  /** A frame ends a run of noise. */
  #passed(bytes: number): void {
    this.#moved(bytes)
    this.#skipped = 0
    this.#explained = false
  }

  /** The next one to be found begins so many bytes on. */
  #moved(bytes: number): void {
    this.#examined = Math.max(0, this.#examined - bytes)
    this.#firstStop = undefined
    this.#searched = 0
    this.#total = undefined
  }
}

/** Where the first start mark begins, or what may become one; the end of the window where there is none. */
function nextMark(window: Buffer, from: number): number {
  for (let at = from; at < window.length; at++) {
    const byte = window[at]
    if ((byte === 0x78 || byte === 0x79) && (at + 1 === window.length || window[at + 1] === byte)) return at
  }
  return window.length
}

function isStop(window: Buffer, end: number): boolean {
  return window[end - 1] === lineFeed && window[end - 2] === carriageReturn
}

/** Where the last sound frame begins that ends at `end`, begins at `first` or later, and has 260 bytes at most. */
function lastSound(window: Buffer, first: number, end: number): number | undefined {
  const farthest = Math.max(first, end - shortFrameLength)
  for (let at = end - leastBytes; at >= farthest; at--) {
    const byte = window[at]
    if (byte !== window[at + 1] || (byte !== 0x78 && byte !== 0x79)) continue
    const headerBytes = byte === 0x79 ? 4 : 3
    const total = headerBytes + window.readUIntBE(at + 2, headerBytes - 2) + 2
    if (total === end - at && isSound(window.subarray(at, end - 2))) return at
  }
  return undefined
}

function damaged(message: string): GatewayError {
  return new GatewayError('FRAME_DAMAGED', message)
}

function tooLong(bytes: number, limit: number): GatewayError {
  return new GatewayError('FRAME_TOO_LONG', `a frame of ${bytes} bytes exceeds the limit of ${limit}`)
}
