import { unfinishedOf } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import type { Found } from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'

/**
 * A first frame of one kind, then a frame of the next, then frames of the last kind until the end: a login, then data.
 *
 * ```
 * sequence(lengthField({ lengthFieldLength: 2, … }), delimited({ delimiter: ';', … }))
 *   00 02 D1 D2 61 62 3B 63 3B …      →     D1 D2 | 61 62 | 63 …
 * ```
 * Down, all frames get the last framing: answers to the first are written when more has come up already. A protocol that answers
 * otherwise says so with `asymmetric`. `CONFIGURATION` for no framing at all.
 */
export function sequence(...framings: readonly Framing[]): Framing {
  const last = framings.at(-1)
  if (last === undefined) throw new GatewayError('CONFIGURATION', 'sequence: there must be a framing')
  return framing('sequence', {
    maxBytes: Math.max(...framings.map((each) => each.maxBytes)),
    finder: () => new SequenceFinder(framings.map((each) => each.finder())),
    frame: (frame) => last.frame(frame),
  })
}

class SequenceFinder implements FrameFinder {
  readonly #finders: readonly FrameFinder[]
  #at = 0

  constructor(finders: readonly FrameFinder[]) {
    this.#finders = finders
  }

  find(window: Buffer, from: number): Found {
    const found = this.#current().find(window, from)
    if (found.kind === 'frame' && this.#at < this.#finders.length - 1) this.#at++
    return found
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return unfinishedOf(this.#current(), rest)
  }

  forget(): void {
    this.#current().forget?.()
  }

  #current(): FrameFinder {
    return this.#finders[this.#at] as FrameFinder
  }
}
