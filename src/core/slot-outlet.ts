import type { GatewayError } from './errors.ts'
import type { AnyStep, RunContext, Slot } from './slot.ts'
import type { Outlet } from './stage.ts'
import { StepRow } from './step-row.ts'

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

/** No item. */
export const nothing: unique symbol = Symbol('nothing')

/** Several items where mostly there is one. */
export class Several {
  readonly items: unknown[]

  constructor(items: unknown[]) {
    this.items = items
  }
}

/**
 * The outlet of the steps of a run, pointed at the slot whose step is being called. A run is its own: of many connections every object aside is one
 * in memory that is cold.
 */
export class SlotOutlet extends StepRow implements Outlet<unknown, unknown> {
  protected readonly context: RunContext
  #slot: Slot | undefined
  #at = 0
  #out: unknown[] | undefined
  #one: unknown = nothing
  #listed = false
  #hasFailed = false
  #held: Promise<void>[] | undefined

  constructor(steps: readonly AnyStep[], context: RunContext) {
    super(steps)
    this.context = context
  }

  /** Points the outlet at slot `at`: what it emits goes to `out`; without one, {@link SlotOutlet.collect} gives it. */
  open(slot: Slot, at: number, out?: unknown[]): void {
    this.#slot = slot
    this.#at = at
    this.#out = out
    this.#listed = out !== undefined
    this.#one = nothing
  }

  /** What a slot failed with and goes on as refused; also when the turn is over. */
  add(item: unknown): void {
    if (this.#out !== undefined) this.#out.push(item)
    else if (this.#one === nothing) this.#one = item
    else this.#out = [this.#one, item]
  }

  /** What was emitted since an opening without an `out`: mostly one item, for which no list is made; else a {@link Several}, or `nothing`. */
  collect(): unknown {
    const out = this.#out === undefined ? this.#one : new Several(this.#out)
    this.#out = undefined
    this.#one = nothing
    return out
  }

  /** False for as long as no step has refused one of several items: there is no {@link Deferred} in the run. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Asked of every item at every step: in a run without failures none is looked at. */
  isDeferred(item: unknown): item is Deferred {
    return this.#hasFailed && item instanceof Deferred
  }

  /** True while something that was said to the device has no room. */
  get holds(): boolean {
    return this.#held !== undefined
  }

  /** Ends the step's turn: after this its outlet throws. Returns what its replies still wait for. */
  endTurn(): Promise<void> | undefined {
    this.#slot = undefined
    if (this.#listed) this.#out = undefined
    const held = this.#held
    if (held === undefined) return undefined
    this.#held = undefined
    return Promise.all(held).then(() => undefined)
  }

  emit(item: unknown): void {
    if (this.#slot === undefined) throw turnOver()
    this.add(item)
  }

  reply(item: unknown): void {
    if (this.#slot === undefined) throw turnOver()
    const held = this.context.reply(item, this.#slot)
    if (held !== undefined) this.hold(held)
  }

  fail(error: GatewayError, item: unknown): void {
    this.#hasFailed = true
    this.emit(new Deferred(error, item, this.#at))
  }

  /** Makes the lane wait at the end of the turn. */
  hold(held: Promise<void>): void {
    this.#held ??= []
    this.#held.push(held)
  }
}

function turnOver(): Error {
  return new Error('a step used its outlet after its turn had ended; that takes a Node stream')
}
