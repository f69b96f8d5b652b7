import { unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import type { FrameFinder } from '../core/framing.ts'
import { bodyBytes, type Enclosure, type Take, takeFrom, tooLong } from './enclosed.ts'
import { isAt, matchedAt, placeOf } from './marks.ts'

/** What a {@link BetweenFinder} looks for. */
export class Between {
  readonly enclosure: Enclosure
  /** True: a start mark in a body begins a new frame. */
  readonly restart: boolean
  /** Marks at which passing over a body stops. */
  readonly stops: readonly Buffer[]
  /** 1 for every byte that is the first of a stop or an escape. */
  readonly isFirst = new Uint8Array(256)
  /** That byte, where there is but one; -1 else. */
  readonly first: number

  constructor(enclosure: Enclosure, restart: boolean) {
    const { start, end, escapes } = enclosure
    this.enclosure = enclosure
    this.restart = restart
    this.stops = restart ? [end, start] : [end]
    const firsts = (escapes === undefined ? this.stops : [...this.stops, escapes.lead]).map((mark) => mark[0] as number)
    for (const byte of firsts) this.isFirst[byte] = 1
    this.first = new Set(firsts).size === 1 ? (firsts[0] as number) : -1
  }

  /** The most bytes that are looked at before it is decided what they are, where frames have up to `maxLength`. */
  mostBytes(maxLength: number): number {
    const { start, end, trailing, escapes } = this.enclosure
    const undecided = [...this.stops, ...(escapes?.wires ?? [])].map((each) => each.length)
    return start.length + bodyBytes(this.enclosure, maxLength) + Math.max(end.length + trailing, ...undecided)
  }
}

/**
 * Finds frames between a start mark and another end mark. A body is passed over mark by mark and escape by escape, so that an
 * escape may hold the bytes of a mark.
 *
 * Errors: `FRAME_TOO_LONG` for a body over `maxBody`, once so many bytes and a mark's have come, skipped to its end mark; what `take`
 * says of a body; `FRAME_DAMAGED` for a frame that was cut short by a restart; one `FRAME_NOISE` for each run of bytes outside of
 * frames; `FRAME_UNTERMINATED`.
 */
export class BetweenFinder implements FrameFinder {
  readonly #between: Between
  readonly #maxLength: number
  readonly #maxBody: number
  readonly #mostBytes: number
  readonly #take: Take
  /** So many bytes of the frame have been passed over. */
  #passed = 0
  /** A frame was refused before its end came. */
  #skipping = false

  constructor(between: Between, maxLength: number) {
    this.#between = between
    this.#maxLength = maxLength
    this.#maxBody = bodyBytes(between.enclosure, maxLength)
    this.#mostBytes = between.mostBytes(maxLength)
    this.#take = takeFrom(between.enclosure, maxLength)
  }

  find(window: Buffer, from: number): found.Found {
    const passed = this.#passed
    this.#passed = 0
    if (this.#skipping) return this.#skip(window, from)
    const { enclosure, restart, stops } = this.#between
    const { start, end, trailing } = enclosure
    if (!isAt(window, from, start)) {
      const at = placeOf(window, from, start)
      return at > from ? found.noise(at) : found.wait(window.length - from + 1)
    }
    const bodyAt = from + start.length
    const bodyEnd = this.#pass(window, Math.max(bodyAt, from + passed))
    const mark = stops.find((each) => isAt(window, bodyEnd, each))
    const limit = from + this.#mostBytes
    if (bodyEnd > bodyAt + this.#maxBody && (mark !== undefined || window.length >= limit)) {
      this.#skipping = true
      // What follows may begin the next frame.
      return found.refuseBegun(tooLong(this.#maxLength), bodyEnd, bodyAt + this.#maxBody + 1)
    }
    if (mark === end) {
      const next = bodyEnd + end.length + trailing
      if (next > window.length) {
        this.#passed = bodyEnd - from
        return found.wait(next - from)
      }
      const frame = this.#take(window, bodyAt, bodyEnd, next)
      return frame instanceof GatewayError ? found.refuse(frame, next, next) : found.frame(frame, next)
    }
    if (mark === start) {
      const message = `another frame begins ${bodyEnd - from} bytes into a frame, before its end`
      return found.refuse(new GatewayError('FRAME_DAMAGED', message), bodyEnd, bodyEnd)
    }
    this.#passed = bodyEnd - from
    return restart ? found.waitForMore(limit - from) : found.waitForByte(end.at(-1) as number, limit - from)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return this.#skipping ? undefined : unterminated(rest.length)
  }

  forget(): void {
    this.#skipping = false
  }

  /** Passes over a refused frame to behind its end, or to where another begins. */
  #skip(window: Buffer, from: number): found.Found {
    const { start, end, trailing } = this.#between.enclosure
    const at = this.#pass(window, from)
    if (at > from) return found.idleWithin(at)
    const next = from + end.length + trailing
    if (isAt(window, from, end)) {
      if (next > window.length) return found.wait(next - from)
      this.#skipping = false
      return found.idle(next)
    }
    if (this.#between.restart && isAt(window, from, start)) {
      this.#skipping = false
      return this.find(window, from)
    }
    return found.wait(window.length - from + 1)
  }

  /** Where, from `from` on, a mark lies, or where more bytes must tell. */
  #pass(window: Buffer, from: number): number {
    for (let at = this.#firstFrom(window, from); at < window.length; ) {
      const step = this.#step(window, at)
      if (step === 0) return at
      at = this.#firstFrom(window, at + step)
    }
    return window.length
  }

  #firstFrom(window: Buffer, from: number): number {
    const { first, isFirst } = this.#between
    if (first >= 0) {
      const place = window.indexOf(first, from)
      return place < 0 ? window.length : place
    }
    let at = from
    while (at < window.length && isFirst[window[at] as number] === 0) at++
    return at
  }

  #step(window: Buffer, at: number): number {
    const { stops, enclosure } = this.#between
    for (const mark of stops) {
      const matched = matchedAt(window, at, mark)
      if (matched === mark.length || at + matched === window.length) return 0
    }
    return enclosure.escapes?.stepAt(window, at) ?? 1
  }
}
