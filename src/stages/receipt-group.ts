import type { GatewayError } from '../core/errors.ts'
import type { Outcome, Receipt } from '../core/items.ts'

/**
 * Several readings that came in one frame and share its one answer. A codec gives the group to each of them as tag, and answers
 * the frame when the last of their receipts has come.
 */
export class ReceiptGroup<T> {
  /** What the answer needs of the frame, such as its serial. */
  readonly of: T
  /** How many readings the frame held, at least one. */
  readonly size: number
  /** The first error among the receipts. */
  error: GatewayError | undefined
  readonly #counts: Record<Outcome, number> = { complete: 0, abandon: 0, reject: 0 }

  constructor(of: T, size: number) {
    this.of = of
    this.size = size
  }

  /** Counts one more receipt; true when it was the last. */
  settle({ outcome, error }: Receipt<unknown>): boolean {
    this.#counts[outcome]++
    this.error ??= error
    return this.completed + this.abandoned + this.rejected === this.size
  }

  get completed(): number {
    return this.#counts.complete
  }

  get abandoned(): number {
    return this.#counts.abandon
  }

  get rejected(): number {
    return this.#counts.reject
  }
}
