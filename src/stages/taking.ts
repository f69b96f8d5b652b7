import { unfinishedOf } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import type { FrameFinder } from '../core/framing.ts'

/** What a frame is taken for, of so many bytes on the wire: another frame, best a view of it, or a reason why it is none. */
export type Take = (frame: Buffer, wireBytes: number) => Buffer | GatewayError

/**
 * Finds what another finder finds, and takes it for something else. Used by combinators that look into each frame. One that is refused ends
 * where it would have ended; within `skipUntil` the next is looked for from its second byte on.
 */
export class TakingFinder implements FrameFinder {
  readonly #of: FrameFinder
  readonly #take: Take

  constructor(of: FrameFinder, take: Take) {
    this.#of = of
    this.#take = take
  }

  find(window: Buffer, from: number): found.Found {
    const inner = this.#of.find(window, from)
    if (inner.kind !== 'frame') return inner
    const { frame, next } = inner
    const taken = this.#take(frame, next - from)
    return taken instanceof GatewayError ? found.refuse(taken, next, next, from + 1) : found.frame(taken, next)
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return unfinishedOf(this.#of, rest)
  }

  forget(): void {
    this.#of.forget?.()
  }
}
