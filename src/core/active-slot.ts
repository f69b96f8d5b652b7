import type { Boundary } from './backpressure.ts'
import { GatewayError } from './errors.ts'
import type { Direction, StageMeter } from './meter.ts'
import type { RunExit } from './run.ts'
import type { ActiveContext, ActiveHalf } from './stage.ts'

/** An active half with its place, before it is joined to its neighbours. */
export interface ActivePart {
  readonly half: ActiveHalf<unknown, unknown>
  /** Which stage of the pipeline it belongs to. */
  readonly stage: number
  readonly direction: Direction
  /** Held while the half has no room; its meter counts what enters. */
  readonly boundary: Boundary
}

/** What takes what an active half gives. */
export interface Receiver {
  receive(item: unknown): Promise<void> | undefined
}

/** An active half in its place within a fused stream: its calls one at a time, what it holds charged to it. */
export class ActiveSlot implements ActiveContext<unknown>, RunExit {
  // First what is asked of every item.
  gone = false
  #ended = false
  #pushing = false
  /** The boundary's. */
  readonly #meter: StageMeter | undefined
  /** Resolves when all that was taken so far is in. */
  #last: Promise<void> | undefined
  readonly #half: ActiveHalf<unknown, unknown>
  readonly #next: Receiver
  readonly stage: number
  readonly direction: Direction
  readonly #boundary: Boundary
  readonly #stream: { fail(error: GatewayError): void }

  /** `stream` is what ends the connection. */
  constructor(part: ActivePart, next: Receiver, stream: { fail(error: GatewayError): void }) {
    this.stage = part.stage
    this.direction = part.direction
    this.#half = part.half
    this.#boundary = part.boundary
    this.#meter = part.boundary.meter
    this.#next = next
    this.#stream = stream
    try {
      this.#half.start(this)
    } catch (error) {
      this.fail(error)
    }
  }

  get givesBytes(): boolean {
    return false
  }

  /** From the half. */
  give(item: unknown): Promise<void> | undefined {
    return this.gone ? undefined : this.#next.receive(item)
  }

  /** From the half. */
  fail(error: unknown): void {
    if (this.gone) return
    this.#stream.fail(GatewayError.from(error, `${this.#meter?.stage}.${this.direction}`))
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
    if (this.gone || this.#ended) return undefined
    if (this.#meter !== undefined) this.#meter.items++
    const turn = this.#turn()
    const pending = turn === undefined ? this.#push(item) : this.#pushLater(turn, item)
    return pending === undefined ? undefined : this.#hold(pending)
  }

  // Apart, as what is held is: a function whose variables a closure holds makes memory each time it is called.
  #pushLater(turn: Promise<void>, item: unknown): Promise<void> {
    return turn.then(() => this.#push(item))
  }

  /** Holds whoever gives until the half has room again. */
  #hold(pending: Promise<void>): Promise<void> {
    this.#boundary.hold()
    const last: Promise<void> = pending.then(
      () => this.#taken(last),
      (error) => {
        this.fail(error)
        this.#taken(last)
      },
    )
    this.#last = last
    return last
  }

  /** The lane ends. Never rejects. */
  async finish(): Promise<void> {
    try {
      while (this.#last !== undefined && !this.gone) await this.#last
      this.#ended = true
      if (!this.gone) await this.#half.end()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The connection is gone. */
  close(): void {
    if (this.gone) return
    this.gone = true
    this.#half.destroy()
  }

  /** Resolves when it is an item's turn; undefined where it is at once. What a half causes while it is pushed waits until that has returned. */
  #turn(): Promise<void> | undefined {
    return this.#last ?? (this.#pushing ? Promise.resolve() : undefined)
  }

  #push(item: unknown): Promise<void> | undefined {
    if (this.gone) return undefined
    this.#pushing = true
    try {
      return this.#half.push(item) ?? undefined
    } catch (error) {
      this.fail(error)
      return undefined
    } finally {
      this.#pushing = false
    }
  }

  #taken(last: Promise<void>): void {
    if (this.#last !== last) return
    this.#last = undefined
    this.#boundary.release()
  }
}
