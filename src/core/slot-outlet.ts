import type { GatewayError } from './errors.ts'
import type { Outlet } from './stage.ts'

/** A failure in its place among the items that a step emitted; it takes effect when those before it have passed on. */
export class Deferred {
  readonly error: GatewayError
  readonly item: unknown
  readonly at: number

  constructor(error: GatewayError, item: unknown, at: number) {
    this.error = error
    this.item = item
    this.at = at
  }
}

/** The one outlet of a run, pointed at the slot whose step is being called. */
export class SlotOutlet implements Outlet<unknown, unknown> {
  #reply: ((item: unknown) => Promise<void> | undefined) | undefined
  #at = 0
  #out: unknown[] | undefined
  #held: Promise<void>[] = []

  /** Points the outlet at slot `at`: what it emits goes to `out`. */
  open(reply: (item: unknown) => Promise<void> | undefined, at: number, out: unknown[]): void {
    this.#reply = reply
    this.#at = at
    this.#out = out
  }

  /** Ends the step's turn: after this its outlet throws. Returns what its replies still wait for. */
  close(): Promise<void> | undefined {
    this.#reply = undefined
    this.#out = undefined
    if (this.#held.length === 0) return undefined
    const held = this.#held
    this.#held = []
    return Promise.all(held).then(() => undefined)
  }

  emit(item: unknown): void {
    this.#turn().push(item)
  }

  reply(item: unknown): void {
    this.#turn()
    const held = this.#reply?.(item)
    if (held !== undefined) this.hold(held)
  }

  fail(error: GatewayError, item: unknown): void {
    this.#turn().push(new Deferred(error, item, this.#at))
  }

  /** Makes the lane wait at the next close. */
  hold(held: Promise<void>): void {
    this.#held.push(held)
  }

  #turn(): unknown[] {
    if (this.#out !== undefined) return this.#out
    throw new Error('a step used its outlet after its turn had ended; that takes a Node stream')
  }
}
