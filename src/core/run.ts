// Over 250 lines: taking, passing, failing and giving out take turns on one state; apart, none could be read alone.
import { setImmediate as turn } from 'node:timers/promises'
import type { Boundary } from './backpressure.ts'
import type { Direction } from './meter.ts'
import type { AnyStep, RunContext, Slot, Watching } from './slot.ts'
import { type Deferred, nothing, Several, SlotOutlet } from './slot-outlet.ts'
import type { EndingStep, TurnStep } from './stage.ts'
import { type Push, pushOf, pushOfObject } from './step-row.ts'

/** What lies behind a run: its stream, or an active half. */
export interface RunExit {
  /** True where bytes of one turn leave together, false where items leave one by one. */
  readonly givesBytes: boolean
  /** Takes an item; a promise holds the run until it resolves. */
  take(item: unknown): Promise<void> | undefined
  /** Takes the bytes of one turn. */
  takeBytes(buffers: readonly Buffer[]): void
  /** A promise while there is no room for more. */
  room(): Promise<void> | undefined
}

/** Neighbouring steps of one lane, before they are joined to what lies behind them. */
export interface RunPart {
  readonly slots: readonly Slot[]
  /** What stands in them. */
  readonly steps: readonly AnyStep[]
  readonly direction: Direction
  readonly context: RunContext
  /** Held while an active half before it finds no room; undefined where none is. */
  readonly boundary: Boundary | undefined
}

/**
 * Bytes of a socket chunk worked off before looking whether what comes next still wants more. A read is up to 64 KiB;
 * of the shortest lines that would be 20,000 items behind a stage that takes none.
 */
export const sliceBytes = 16_384

/** After so long a read whose bytes cost much lets other connections have their turn. */
const longestTurnMs = 5

/**
 * Neighbouring steps fused: all items of a chunk pass the first step, then all of those the second, level by level. Counts are
 * array lengths and time is two clock reads a chunk and step. Only until the device is known each item goes all the way before
 * the next begins, so that nothing overtakes the hello. Replies and refusals enter between two steps through
 * {@link Run.inject}.
 */
export class Run extends SlotOutlet implements Watching {
  // First what every item needs.
  troubled = false
  /** True once the connection is gone: nothing is worked off any more. Known here, since what lies behind may be cold. */
  #gone = false
  #known = false
  #busy = false
  #finished = false
  /** {@link StepRow.areObjects}, which is not looked at for itself. */
  #expected = false
  /** True where something was given out since room was asked for. */
  #gave = false
  readonly slots: readonly Slot[]
  readonly #exit: RunExit
  #idle: (() => void)[] | undefined
  #injected: { readonly at: number; readonly item: unknown }[] | undefined
  readonly #timed: boolean
  readonly #boundary: Boundary | undefined
  readonly direction: Direction
  /** When the last level ended: one clock read serves its end and the beginning of the next. */
  #clock = 0
  /** Ends the charge of the step that holds the lane now. */
  #stopCharging: (() => void) | undefined

  constructor(part: RunPart, exit: RunExit) {
    super(part.steps, part.context)
    this.#timed = part.context.timed
    part.context.watch(this)
    this.slots = part.slots
    this.direction = part.direction
    this.#exit = exit
    this.#boundary = part.boundary
  }

  /**
   * Lets an item enter before slot `at` (`slots.length`: after the last). Returns a promise when what came of it leaves no room for more;
   * whoever holds the other lane for it bounds what can queue here.
   */
  inject(at: number, item: unknown): Promise<void> | undefined {
    if (this.#gone || this.#finished) return undefined
    if (this.#busy) {
      this.#injected ??= []
      this.#injected.push({ at, item })
      return this.#whenIdle().then(() => this.#exit.room())
    }
    const pending = this.#work(item, at)
    if (pending !== undefined) return pending.then(() => this.#exit.room())
    // What leaves nothing behind, such as a receipt that no device asked for, takes no room.
    if (!this.#gave) return undefined
    this.#gave = false
    return this.#exit.room()
  }

  /** Takes what an active half before it gives; a promise while there is no room for more. */
  receive(item: unknown): Promise<void> | undefined {
    const pending = this.inject(0, item)
    if (pending === undefined || this.#boundary === undefined) return pending
    this.#boundary.hold()
    return pending.then(() => this.#boundary?.release())
  }

  /**
   * Something is about to come. Where there are many connections the memory of each is cold: looked at now, that of the steps comes while what
   * lies between is done, and that of all at once.
   */
  expect(): void {
    this.#expected = this.areObjects
  }

  /** Takes an item from outside. */
  take(item: unknown): Promise<void> | undefined {
    return this.#work(item, 0)
  }

  /** Takes a socket chunk, in slices so that one read cannot become thousands of items at once. */
  takeBytes(bytes: Buffer): Promise<void> | undefined {
    if (bytes.length <= sliceBytes) return this.#work(bytes, 0)
    return this.#takeSlices(bytes, 0, performance.now())
  }

  /** The lane ends: every slot may give out or refuse what it still holds, outermost first. */
  async finish(): Promise<void> {
    for (let index = 0; index < this.slots.length; index++) {
      const step = this.stepAt(index)
      while (this.#busy) await this.#whenIdle()
      if (this.#gone) return
      if (!('end' in step)) continue
      const out: unknown[] = []
      this.#busy = true
      await this.#end(index, step, out)
      await this.#give(await this.#pass(out, index + 1))
    }
    while (this.#busy) await this.#whenIdle()
    this.#finished = true
  }

  /** The connection is gone: nothing more is worked off, and a step that still waits is charged no more. */
  close(): void {
    this.#gone = true
    this.#stopCharging?.()
  }

  #takeSlices(bytes: Buffer, from: number, startedAt: number): Promise<void> | undefined {
    for (let at = from; at < bytes.length; at += sliceBytes) {
      if (performance.now() - startedAt > longestTurnMs) {
        return turn().then(() => this.#takeSlices(bytes, at, performance.now()))
      }
      const pending = this.#work(bytes.subarray(at, at + sliceBytes), 0) ?? this.#exit.room()
      if (pending !== undefined) {
        return pending.then(() => this.#exit.room()).then(() => this.#takeSlices(bytes, at + sliceBytes, startedAt))
      }
    }
    return undefined
  }

  /** Runs an item through the slots from `at` on; calls never overlap, injections meanwhile wait in line. */
  #work(item: unknown, at: number): Promise<void> | undefined {
    if (this.#busy) return this.#whenIdle().then(() => this.#work(item, at))
    this.#busy = true
    const passed = this.#passOne(item, at)
    if (passed instanceof Promise) return passed.then((out) => this.#give(out))
    return passed instanceof Several ? this.#give(passed.items) : this.#giveOne(passed)
  }

  /**
   * One item through the slots, without a list for as long as each step makes one of it: what a device says in a read of its own, and
   * its receipt.
   */
  #passOne(only: unknown, from: number): unknown | Promise<readonly unknown[]> {
    let item = only
    const areObjects = this.#expected || this.areObjects
    let startedAt = performance.now()
    for (let at = from; at < this.slots.length && item !== nothing; at++) {
      if (item instanceof Several) return this.#listed(this.#pass(item.items, at))
      if (this.isDeferred(item) || this.#isRefused(item)) return this.#listed(this.#pass([item], at))
      if (this.#isShut(at) || this.#gone) return nothing
      const slot = this.slots[at] as Slot
      slot.meter.items++
      this.open(slot, at)
      const step = this.stepAt(at)
      const push = areObjects ? pushOfObject(step) : pushOf(step)
      const pending = this.#call(step, push, at, item, undefined) ?? (this.holds ? this.endTurn() : undefined)
      const now = performance.now()
      slot.meter.busyMs += now - startedAt
      startedAt = now
      if (pending !== undefined) return this.#passOn(pending, at + 1)
      item = this.collect()
    }
    this.endTurn()
    return item
  }

  /** What the step that was waited for gave. Apart, as all that goes on later is: a loop whose variables a closure holds makes memory at every turn. */
  #passOn(pending: Promise<void>, at: number): Promise<readonly unknown[]> {
    return pending.then(() => this.#pass(listOf(this.collect()), at))
  }

  #listed(passed: readonly unknown[] | Promise<readonly unknown[]>): Several | Promise<readonly unknown[]> {
    return passed instanceof Promise ? passed : new Several(passed as unknown[])
  }

  #pass(items: readonly unknown[], at: number): readonly unknown[] | Promise<readonly unknown[]> {
    if (!this.#isKnown() && items.length > 1 && at < this.slots.length) return this.#passSingly(items, at)
    let current = items
    this.#clock = performance.now()
    for (let index = at; index < this.slots.length && current.length > 0; index++) {
      const out: unknown[] = []
      const pending = this.#level(index, current, 0, out)
      if (pending !== undefined) return this.#passLater(pending, out, index + 1)
      if (out.length > 1 && !this.#isKnown()) return this.#pass(out, index + 1)
      current = out
    }
    return current
  }

  #passLater(pending: Promise<void>, items: readonly unknown[], at: number): Promise<readonly unknown[]> {
    return pending.then(() => this.#pass(items, at))
  }

  /** Each item all the way and out before the next begins, for as long as the device is not known. */
  async #passSingly(items: readonly unknown[], at: number): Promise<readonly unknown[]> {
    for (let index = 0; index < items.length; index++) {
      if (this.#isKnown()) return this.#pass(items.slice(index), at)
      const item = items[index]
      await this.#put(await this.#pass([item], at))
      if (this.isDeferred(item) && this.#isShut(item.at)) break
    }
    return []
  }

  /** All items of one level through one slot, from item `from` on. */
  #level(at: number, items: readonly unknown[], from: number, out: unknown[]): Promise<void> | undefined {
    const slot = this.slots[at] as Slot
    const { meter } = slot
    const step = this.stepAt(at)
    const startedAt = from === 0 ? this.#clock : performance.now()
    let index = from
    let pending: Promise<void> | undefined
    this.open(slot, at, out)
    // Looked up once a level: there are more kinds of steps than the engine tells apart where it is told them item by item.
    const push = pushOf(step)
    if (from === 0 && items.length > 1 && 'pushAll' in step && this.#allPlain(items, at)) {
      index = this.#together(at, step, items, out)
      meter.items += index
      if (this.holds) pending = this.endTurn()
    }
    while (pending === undefined && index < items.length && !this.#isShut(at) && !this.#gone) {
      const item = items[index++]
      if (this.isDeferred(item)) {
        this.#fail(item.error, item.item, item.at, out)
        if (this.#isShut(item.at)) break
      } else if (this.#isRefused(item)) {
        out.push(item)
        continue
      } else {
        meter.items++
        pending = this.#call(step, push, at, item, out)
      }
      if (pending === undefined && this.holds) pending = this.endTurn()
    }
    this.#clock = performance.now()
    meter.busyMs += this.#clock - startedAt
    if (pending !== undefined) return this.#levelLater(pending, at, items, index, out)
    return this.endTurn()
  }

  #levelLater(
    pending: Promise<void>,
    at: number,
    items: readonly unknown[],
    from: number,
    out: unknown[],
  ): Promise<void> {
    return pending.then(() => this.#level(at, items, from, out))
  }

  /** True where a slot may have all items at once. */
  #allPlain(items: readonly unknown[], at: number): boolean {
    if (this.#isShut(at) || this.#gone) return false
    if (!this.hasFailed && !this.troubled && !this.#timed) return true
    try {
      for (const item of items) {
        if (this.isDeferred(item) || this.#isRefused(item)) return false
        if (this.#timed) this.context.assertTimely(item)
      }
      return true
    } catch {
      // The one that comes too late fails when it is pushed.
      return false
    }
  }

  /** Returns how many of the items the step has taken. */
  #together(at: number, step: TurnStep<unknown, unknown, unknown>, items: readonly unknown[], out: unknown[]): number {
    try {
      return step.pushAll(items, this)
    } catch (error) {
      this.#fail(error, items, at, out)
      return items.length
    }
  }

  /** One call of a step, to which the outlet is open. A promise resolves when the step is done and what it replied has room; it never rejects. */
  #call(step: AnyStep, push: Push, at: number, item: unknown, out: unknown[] | undefined): Promise<void> | undefined {
    try {
      if (this.#timed) this.context.assertTimely(item)
      const pending = push.call(step, item, this)
      if (pending instanceof Promise) return this.#await(pending, at, item, out)
    } catch (error) {
      this.#fail(error, item, at, out)
    }
    return undefined
  }

  async #end(at: number, step: EndingStep<unknown, unknown, unknown>, out: unknown[]): Promise<void> {
    this.open(this.slots[at] as Slot, at, out)
    try {
      const pending = step.end(this)
      if (pending instanceof Promise) await this.#await(pending, at, undefined, out)
    } catch (error) {
      this.#fail(error, undefined, at, out)
    }
    await this.endTurn()
  }

  async #await(pending: Promise<unknown>, at: number, item: unknown, out: unknown[] | undefined): Promise<void> {
    const { blocked } = (this.slots[at] as Slot).meter
    const startedAt = performance.now()
    blocked.start(startedAt)
    this.#stopCharging = () => {
      blocked.stop(performance.now(), startedAt)
      this.#stopCharging = undefined
    }
    try {
      await pending
    } catch (error) {
      this.#fail(error, item, at, out)
    } finally {
      this.#stopCharging?.()
    }
    await this.endTurn()
  }

  /** An item failed at a slot: what of it goes on joins `out`, and the outlet holds the lane for what was said to the device. */
  #fail(error: unknown, item: unknown, at: number, out: unknown[] | undefined): void {
    const { goesOn, held } = this.context.failed(error, item, this.slots[at] as Slot)
    if (goesOn !== undefined) {
      if (out === undefined) this.add(goesOn)
      else out.push(goesOn)
    }
    if (held !== undefined) this.hold(held)
  }

  // Of many connections the context is cold: it is asked where that may tell something.

  #isShut(at: number): boolean {
    return this.troubled && this.context.shut((this.slots[at] as Slot).stage)
  }

  #isRefused(item: unknown): boolean {
    return this.troubled && this.context.refused(item)
  }

  #isKnown(): boolean {
    if (!this.#known) this.#known = this.context.identified()
    return this.#known
  }

  #giveOne(item: unknown): Promise<void> | undefined {
    if (item === nothing || this.#gone) return this.#rest()
    if (this.#exit.givesBytes || this.isDeferred(item) || !this.#isKnown()) return this.#give([item])
    this.#gave = true
    const pending = this.#exit.take(item)
    return pending === undefined ? this.#rest() : pending.then(() => this.#rest())
  }

  /** Gives out what came through, then works off what was injected meanwhile. */
  #give(items: readonly unknown[]): Promise<void> | undefined {
    const pending = this.#put(items)
    if (pending !== undefined) return pending.then(() => this.#rest())
    return this.#rest()
  }

  #rest(): Promise<void> | undefined {
    this.#busy = false
    const next = this.#injected?.shift()
    if (next !== undefined && !this.#gone) return this.#work(next.item, next.at)
    const idle = this.#idle
    this.#idle = undefined
    if (idle !== undefined) for (const resolve of idle) resolve()
    return undefined
  }

  #put(items: readonly unknown[]): Promise<void> | undefined {
    if (items.length === 0) return undefined
    this.#gave = true
    return this.#exit.givesBytes ? this.#putBytes(items) : this.#putItems(items, 0)
  }

  #putItems(items: readonly unknown[], from: number): Promise<void> | undefined {
    const known = this.#isKnown()
    for (let index = from; index < items.length && !this.#gone; index++) {
      const item = items[index]
      let pending: Promise<void> | undefined
      if (this.isDeferred(item)) {
        if (this.#isShut(item.at)) break
        pending = this.#putRefused(item)
        if (this.#isShut(item.at)) return pending
      } else {
        pending = this.#exit.take(item)
        if (!known) pending = both(pending, this.context.answered(item))
      }
      if (pending !== undefined) return this.#putLater(pending, items, index + 1)
    }
    return undefined
  }

  #putLater(pending: Promise<void>, items: readonly unknown[], from: number): Promise<void> {
    return pending.then(() => this.#putItems(items, from))
  }

  #putRefused({ error, item, at }: Deferred): Promise<void> | undefined {
    const refused: unknown[] = []
    this.#fail(error, item, at, refused)
    let taken: Promise<void> | undefined
    for (const each of refused) taken = both(taken, this.#exit.take(each))
    return both(taken, this.endTurn())
  }

  #putBytes(items: readonly unknown[]): Promise<void> | undefined {
    let buffers = items
    if (this.hasFailed) {
      const passed: unknown[] = []
      for (const item of items) {
        if (this.isDeferred(item)) this.#fail(item.error, item.item, item.at, passed)
        else passed.push(item)
      }
      buffers = passed
    }
    if (buffers.length > 0 && !this.#gone) this.#exit.takeBytes(buffers as readonly Buffer[])
    return this.endTurn()
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle ??= []
      this.#idle.push(resolve)
    })
  }
}

function listOf(taken: unknown): readonly unknown[] {
  if (taken === nothing) return []
  return taken instanceof Several ? taken.items : [taken]
}

function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Promise.all([one, other]).then(() => undefined)
}
