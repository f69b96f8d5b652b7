import { unfinishedOf, unterminated } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { type Mark, marksOf, matchedAt } from './marks.ts'

/** One kind of frame in a {@link choice}. */
export interface Alternative {
  /** What its frames begin with on the wire: bytes, one of several, or a first byte of which the function is true. Absent: anything. */
  readonly match?: Mark | readonly Mark[] | ((firstByte: number) => boolean)
  readonly framing: Framing
}

/**
 * Frames of several kinds on one connection, told apart by what they begin with, which their framing sees too: the first alternative
 * that matches takes the frame. It is decided with as few bytes as that takes.
 *
 * ```
 * choice([
 *   { match: '*', framing: between('*', '#', { maxLength: 1024 }) },
 *   { match: '$', framing: fixedLength({ length: 4 }) },
 * ])
 *   2A 68 69 23 24 A1 A2 A3 2A …      →     68 69 | 24 A1 A2 A3 | …
 * ```
 * Down, a frame goes by the first alternative that makes of it what would be taken for a frame of that alternative and comes up as it
 * was; where there is none, by the first that writes over a part of it, such as a length that was left open.
 *
 * Errors: `FRAME_CORRUPT` for bytes that none matches (nothing after them can be framed; within `skipUntil` the next mark is looked
 * for), and those of the alternatives. Down, `BUG` for a frame that suits none. `CONFIGURATION` for no alternative, or an empty mark.
 */
export function choice(alternatives: readonly Alternative[]): Framing {
  if (alternatives.length === 0) throw new GatewayError('CONFIGURATION', 'choice: there must be an alternative')
  const kinds = alternatives.map(({ match, framing }): Kind => ({ ...matcherOf(match), framing }))
  return framing('choice', {
    maxBytes: Math.max(...kinds.flatMap((each) => [each.framing.maxBytes, each.needs])),
    finder: () => new ChoiceFinder(kinds),
    frame: (frame) => toWire(frame, kinds),
  })
}

interface Kind {
  readonly match: Matcher
  /** So many bytes always decide. */
  readonly needs: number
  readonly framing: Framing
}

/**
 * Whether a frame that begins at `at` is of a kind: `yes`; `unsure`, as far as is there; or how many bytes say that it is not.
 */
type Matcher = (bytes: Buffer, at: number) => 'yes' | 'unsure' | number

function matcherOf(match: Alternative['match']): Pick<Kind, 'match' | 'needs'> {
  if (match === undefined) return { match: () => 'yes', needs: 1 }
  if (typeof match === 'function') return { match: (bytes, at) => (match(bytes[at] as number) ? 'yes' : 1), needs: 1 }
  const marks = marksOf(match, 'choice', 'match')
  return {
    match(bytes, at) {
      let needed = 1
      let unsure = false
      for (const mark of marks) {
        const matched = matchedAt(bytes, at, mark)
        if (matched === mark.length) return 'yes'
        if (at + matched === bytes.length) unsure = true
        needed = Math.max(needed, matched + 1)
      }
      return unsure ? 'unsure' : needed
    },
    needs: Math.max(...marks.map((each) => each.length)),
  }
}

class ChoiceFinder implements FrameFinder {
  readonly #kinds: readonly Kind[]
  /** Made when the first frame of its kind comes. */
  readonly #finders: (FrameFinder | undefined)[] = []
  /** Of the frame that is not whole, or of the refused one that has not passed. */
  #current: FrameFinder | undefined

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds
  }

  find(window: Buffer, from: number): found.Found {
    let finder = this.#current
    if (finder === undefined) {
      const chosen = this.#choose(window, from)
      if ('kind' in chosen) return chosen
      finder = chosen
    }
    const inner = finder.find(window, from)
    this.#current = found.isWithin(inner) ? finder : undefined
    return inner
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return this.#current === undefined ? unterminated(rest.length) : unfinishedOf(this.#current, rest)
  }

  forget(): void {
    this.#current?.forget?.()
    this.#current = undefined
  }

  #choose(window: Buffer, from: number): FrameFinder | found.Found {
    let needed = 1
    for (const [index, { match, framing }] of this.#kinds.entries()) {
      const matches = match(window, from)
      if (matches === 'unsure') return found.wait(window.length - from + 1)
      if (matches === 'yes') {
        const finder = this.#finders[index] ?? framing.finder()
        this.#finders[index] = finder
        return finder
      }
      needed = Math.max(needed, matches)
    }
    const begin = window.toString('hex', from, from + needed)
    const error = new GatewayError('FRAME_CORRUPT', `no kind of frame begins with ${begin}`)
    return found.refuse(error, Number.POSITIVE_INFINITY, from + needed, from + 1)
  }
}

function toWire(frame: Buffer, kinds: readonly Kind[]): Buffer {
  let refused: unknown
  let changed: Buffer | undefined
  for (const kind of kinds) {
    try {
      const wire = kind.framing.frame(frame)
      if (wire.length === 0 || kindOf(wire, kinds) !== kind) continue
      if (comesBack(frame, wire, kind.framing)) return wire
      changed ??= wire
    } catch (error) {
      refused ??= error
    }
  }
  if (changed !== undefined) return changed
  throw refused ?? new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent suits no kind of frame`)
}

/** Whether a device that frames as we do would get just this frame: a length may have been written over a part of it. */
function comesBack(frame: Buffer, wire: Buffer, framing: Framing): boolean {
  const seen = framing.finder().find(wire, 0)
  return seen.kind === 'frame' && seen.frame.equals(frame)
}

/** What a frame on the wire would be taken for; undefined where that depends on what follows it. */
function kindOf(wire: Buffer, kinds: readonly Kind[]): Kind | undefined {
  const first = kinds.find((each) => typeof each.match(wire, 0) !== 'number')
  return first?.match(wire, 0) === 'yes' ? first : undefined
}
