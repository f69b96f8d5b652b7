import type { Boundary } from './backpressure.ts'
import { GatewayError } from './errors.ts'
import type { Direction } from './meter.ts'
import type { RunExit } from './run.ts'
import type { ActiveContext, ActiveHalf } from './stage.ts'

/** What an {@link ActiveSlot} is made of. */
export interface ActiveSlotParts {
  readonly half: ActiveHalf<unknown, unknown>
  /** Which stage of the pipeline it belongs to. */
  readonly stage: number
  readonly direction: Direction
  /** Held while the half has no room; its meter counts what enters. */
  readonly boundary: Boundary
  /** Takes what the half gives. */
  readonly next: { receive(item: unknown): Promise<void> | undefined }
  /** Ends the connection. */
  readonly fail: { fail(error: GatewayError): void }
}

/** An active half in its place within a fused stream: its calls one at a time, what it holds charged to it. */
export class ActiveSlot implements ActiveContext<unknown>, RunExit {
  readonly stage: number
  readonly direction: Direction
  readonly #parts: ActiveSlotParts
  /** Resolves when all that was taken so far is in. */
  #last: Promise<void> | undefined
  gone = false
  readonly givesBytes = false

  constructor(parts: ActiveSlotParts) {
    this.stage = parts.stage
    this.direction = parts.direction
    this.#parts = parts
    parts.half.start(this)
  }

  /** From the half. */
  give(item: unknown): Promise<void> | undefined {
    return this.gone ? undefined : this.#parts.next.receive(item)
  }

  /** From the half. */
  fail(error: unknown): void {
    if (this.gone) return
    const { boundary, direction, fail } = this.#parts
    fail.fail(GatewayError.from(error, `${boundary.meter?.stage}.${direction}`))
  }

  /** Takes an item from a run before it. */
  take(item: unknown): Promise<void> | undefined {
    return this.receive(item)
  }

  takeBytes(): void {}

  /** A run is held by what it gives. */
  room(): undefined {}

  /** Takes an item; a promise while the half has no room for more. */
  receive(item: unknown): Promise<void> | undefined {
    const { boundary } = this.#parts
    if (boundary.meter !== undefined) boundary.meter.items++
    const pending = this.#last === undefined ? this.#push(item) : this.#last.then(() => this.#push(item))
    if (pending === undefined) return undefined
    boundary.hold()
    const last: Promise<void> = pending.then(
      () => this.#taken(last),
      (error) => this.fail(error),
    )
    this.#last = last
    return last
  }

  /** The lane ends. Never rejects. */
  async finish(): Promise<void> {
    try {
      while (this.#last !== undefined) await this.#last
      if (!this.gone) await this.#parts.half.end()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The connection is gone. */
  close(): void {
    if (this.gone) return
    this.gone = true
    this.#parts.half.destroy()
  }

  #push(item: unknown): Promise<void> | undefined {
    if (this.gone) return undefined
    try {
      return this.#parts.half.push(item) ?? undefined
    } catch (error) {
      this.fail(error)
      return undefined
    }
  }

  #taken(last: Promise<void>): void {
    if (this.#last !== last) return
    this.#last = undefined
    this.#parts.boundary.release()
  }
}
