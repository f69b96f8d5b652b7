// Over 250 lines: taking, passing, failing and giving out take turns on one state; apart, none could be read alone.
import type { Transform } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import through2 from 'through2'
import type { StageMeter } from './meter.ts'
import { Deferred, SlotOutlet } from './slot-outlet.ts'
import type { Outlet, Step } from './stage.ts'

/** One step in its place within a ring. The engine knows items as unknown: the pipeline's signature has checked them. */
export interface Slot {
  /** Stage half, such as `json.up`. */
  readonly name: string
  readonly meter: StageMeter
  /** Which stage of the pipeline it belongs to, 0 for the outermost. */
  readonly stage: number
  readonly push: Step<unknown, unknown, unknown>
  /** What the step wants to do when its lane ends. */
  readonly end: ((out: Outlet<unknown, unknown>) => undefined | void | Promise<void>) | undefined
  /** Turns an item round into the other lane; a promise holds this lane until there is room. */
  readonly reply: (item: unknown) => Promise<void> | undefined
}

/** What became of an item that failed. */
export interface Failed {
  /** The item where it must travel on as refused, so that its receipt keeps its order; undefined where it is gone. */
  readonly goesOn: unknown
  /** Holds the lane while what was said to the device has no room. */
  readonly held: Promise<void> | undefined
}

/** What a run asks of its ring. */
export interface RunContext {
  /** An item failed in a slot: the ring asks the policy, tells the device, counts. Must not throw. */
  failed(error: unknown, item: unknown, slot: Slot): Failed
  /** True for an item that an earlier slot refused: no step sees it. */
  refused(item: unknown): boolean
  /** True for a stage that takes nothing more: an error at it, or further in, closed the connection. What came before is finished. */
  shut(stage: number): boolean
  /** True once the device is known; on the way down always, where nothing waits for a hello. */
  identified(): boolean
  /** Where an item is a hello that is not answered yet: resolves when it is. */
  answered(item: unknown): Promise<void> | undefined
}

/** Options of {@link Run}. */
export interface RunOptions {
  /** Takes socket chunks, which are worked off in slices so that one read cannot become thousands of items at once. */
  readonly bytesIn: boolean
  /** Gives socket bytes: what one turn produces is joined into one write. */
  readonly bytesOut: boolean
  /** Items that wait to enter before whoever gives them is held; default 16. */
  readonly maxWaiting?: number | undefined
}

/**
 * Bytes of a socket chunk worked off before looking whether the next stage still wants more. A read is up to 64 KiB;
 * of the shortest lines that would be 20,000 items behind a stage that takes none.
 */
const sliceBytes = 16_384

/** After so long a read whose bytes cost much lets other connections have their turn. */
const longestTurnMs = 5

/** Items that a run gives out before it waits to be read. */
const readableItems = 16

/** Items that wait to enter a run. */
const waitingItems = 16

/**
 * Neighbouring steps fused into one through2: all items of a chunk pass the first step, then all of those the second,
 * level by level. Counts are array lengths and time is two clock reads a chunk and step. Only until the device is known
 * each item goes all the way before the next begins, so that nothing overtakes the hello. Replies and refusals enter
 * between two steps through {@link Run.inject}.
 */
export class Run {
  readonly stream: Transform
  readonly #slots: readonly Slot[]
  readonly #context: RunContext
  readonly #bytesOut: boolean
  readonly #outlet = new SlotOutlet()
  #busy = false
  #finished = false
  #idle: (() => void)[] = []
  #injected: { readonly at: number; readonly item: unknown }[] = []
  #room: (() => void)[] = []
  /** Ends the charge of the step that holds the lane now. */
  #stopCharging: (() => void) | undefined

  constructor(slots: readonly Slot[], options: RunOptions, context: RunContext) {
    this.#slots = slots
    this.#context = context
    this.#bytesOut = options.bytesOut
    const stream = through2(
      {
        writableObjectMode: !options.bytesIn,
        readableObjectMode: !options.bytesOut,
        writableHighWaterMark: options.bytesIn ? sliceBytes : (options.maxWaiting ?? waitingItems),
        readableHighWaterMark: options.bytesOut ? sliceBytes : readableItems,
      },
      (chunk: unknown, _encoding, done) => settle(this.#take(chunk, options.bytesIn), done),
      (done) => settle(this.#finish(), done),
    ) as unknown as Transform
    const read = stream._read
    stream._read = (size) => {
      this.#release()
      read.call(stream, size)
    }
    stream.once('close', () => {
      this.#release()
      this.#stopCharging?.()
    })
    this.stream = stream
  }

  /** How many steps were fused. */
  get length(): number {
    return this.#slots.length
  }

  /**
   * Lets an item enter before slot `at` (`length`: after the last). Returns a promise when there is no room; whoever holds
   * the other lane for it bounds what can queue here.
   */
  inject(at: number, item: unknown): Promise<void> | undefined {
    if (this.stream.destroyed || this.#finished) return undefined
    if (this.#busy) {
      this.#injected.push({ at, item })
      return this.#whenIdle().then(() => this.#roomIfFull())
    }
    return this.#work([item], at)?.then(() => this.#roomIfFull()) ?? this.#roomIfFull()
  }

  #take(chunk: unknown, sliced: boolean): Promise<void> | undefined {
    if (!sliced) return this.#work([chunk], 0)
    const bytes = chunk as Buffer
    if (bytes.length <= sliceBytes) return this.#work([bytes], 0)
    return this.#takeSlices(bytes)
  }

  async #takeSlices(bytes: Buffer): Promise<void> {
    let startedAt = performance.now()
    for (let from = 0; from < bytes.length; from += sliceBytes) {
      if (performance.now() - startedAt > longestTurnMs) {
        await turn()
        startedAt = performance.now()
      }
      await this.#work([bytes.subarray(from, from + sliceBytes)], 0)
      await this.#roomIfFull()
    }
  }

  /** Runs items through the slots from `at` on; calls never overlap, injections meanwhile wait in line. */
  #work(items: readonly unknown[], at: number): Promise<void> | undefined {
    if (this.#busy) return this.#whenIdle().then(() => this.#work(items, at))
    this.#busy = true
    const passed = this.#pass(items, at)
    if (passed instanceof Promise) return passed.then((out) => this.#give(out))
    return this.#give(passed)
  }

  #pass(items: readonly unknown[], at: number): readonly unknown[] | Promise<readonly unknown[]> {
    if (items.length > 1 && at < this.#slots.length && !this.#context.identified()) return this.#passSingly(items, at)
    let current = items
    for (let index = at; index < this.#slots.length; index++) {
      const out: unknown[] = []
      const pending = this.#level(index, current, 0, out)
      if (pending !== undefined) return pending.then(() => this.#pass(out, index + 1))
      if (out.length > 1 && !this.#context.identified()) return this.#pass(out, index + 1)
      current = out
    }
    return current
  }

  /** Each item all the way and out before the next begins, for as long as the device is not known. */
  async #passSingly(items: readonly unknown[], at: number): Promise<readonly unknown[]> {
    for (let index = 0; index < items.length; index++) {
      if (this.#context.identified()) return this.#pass(items.slice(index), at)
      const item = items[index]
      await this.#put(await this.#pass([item], at))
      if (item instanceof Deferred && this.#isShut(item.at)) break
    }
    return []
  }

  /** All items of one level through one slot, from item `from` on. */
  #level(at: number, items: readonly unknown[], from: number, out: unknown[]): Promise<void> | undefined {
    const { push, meter } = this.#slots[at] as Slot
    const startedAt = performance.now()
    for (let index = from; index < items.length && !this.#isShut(at) && !this.stream.destroyed; index++) {
      const item = items[index]
      let pending: Promise<void> | undefined
      if (item instanceof Deferred) {
        this.#fail(item.error, item.item, item.at, out)
        if (this.#isShut(item.at)) break
        pending = this.#outlet.close()
      } else if (this.#context.refused(item)) {
        out.push(item)
      } else {
        meter.items++
        pending = this.#call(at, push, item, out)
      }
      if (pending !== undefined) {
        meter.busyMs += performance.now() - startedAt
        return pending.then(() => this.#level(at, items, index + 1, out))
      }
    }
    meter.busyMs += performance.now() - startedAt
    return this.#outlet.close()
  }

  /** One call of a step. Resolves when the step is done and what it replied has room; never rejects. */
  #call(at: number, push: Slot['push'], item: unknown, out: unknown[]): Promise<void> | undefined {
    const slot = this.#slots[at] as Slot
    this.#outlet.open(slot.reply, at, out)
    try {
      const pending = push(item, this.#outlet)
      if (pending instanceof Promise) return this.#await(pending, at, item, out)
    } catch (error) {
      this.#fail(error, item, at, out)
    }
    return this.#outlet.close()
  }

  async #await(pending: Promise<unknown>, at: number, item: unknown, out: unknown[]): Promise<void> {
    const { blocked } = (this.#slots[at] as Slot).meter
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
    await this.#outlet.close()
  }

  /** An item failed at a slot: what of it goes on joins `out`, and the outlet holds the lane for what was said to the device. */
  #fail(error: unknown, item: unknown, at: number, out: unknown[]): void {
    const { goesOn, held } = this.#context.failed(error, item, this.#slots[at] as Slot)
    if (goesOn !== undefined) out.push(goesOn)
    if (held !== undefined) this.#outlet.hold(held)
  }

  #isShut(at: number): boolean {
    return this.#context.shut((this.#slots[at] as Slot).stage)
  }

  /** Gives out what came through, then works off what was injected meanwhile. */
  #give(items: readonly unknown[]): Promise<void> | undefined {
    const pending = this.#put(items)
    if (pending !== undefined) return pending.then(() => this.#rest())
    return this.#rest()
  }

  #rest(): Promise<void> | undefined {
    this.#busy = false
    const next = this.#injected.shift()
    if (next !== undefined && !this.stream.destroyed) return this.#work([next.item], next.at)
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
    return undefined
  }

  #put(items: readonly unknown[]): Promise<void> | undefined {
    return this.#bytesOut ? this.#pushBytes(items) : this.#pushItems(items, 0)
  }

  #pushItems(items: readonly unknown[], from: number): Promise<void> | undefined {
    for (let index = from; index < items.length && !this.stream.destroyed; index++) {
      const item = items[index]
      let pending: Promise<void> | undefined
      if (item instanceof Deferred) {
        if (this.#isShut(item.at)) break
        const refused: unknown[] = []
        this.#fail(item.error, item.item, item.at, refused)
        for (const each of refused) this.stream.push(each)
        pending = this.#outlet.close()
        if (this.#isShut(item.at)) return pending
      } else {
        this.stream.push(item)
        pending = this.#context.answered(item)
      }
      if (pending !== undefined) return pending.then(() => this.#pushItems(items, index + 1))
    }
    return undefined
  }

  #pushBytes(items: readonly unknown[]): Promise<void> | undefined {
    const buffers: unknown[] = []
    for (const item of items) {
      if (item instanceof Deferred) this.#fail(item.error, item.item, item.at, buffers)
      else buffers.push(item)
    }
    if (buffers.length > 0 && !this.stream.destroyed) {
      this.stream.push(buffers.length === 1 ? buffers[0] : Buffer.concat(buffers as Buffer[]))
    }
    return this.#outlet.close()
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #roomIfFull(): Promise<void> | undefined {
    const stream = this.stream
    if (stream.destroyed || stream.readableLength < stream.readableHighWaterMark) return undefined
    return new Promise((resolve) => this.#room.push(resolve))
  }

  #release(): void {
    if (this.#room.length === 0) return
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
  }

  /** The lane ends: every slot may give out or refuse what it still holds, outermost first. */
  async #finish(): Promise<void> {
    for (let index = 0; index < this.#slots.length; index++) {
      const { end } = this.#slots[index] as Slot
      while (this.#busy) await this.#whenIdle()
      if (end === undefined) continue
      const out: unknown[] = []
      this.#busy = true
      await this.#call(index, (_, outlet) => end(outlet), undefined, out)
      await this.#give(await this.#pass(out, index + 1))
    }
    while (this.#busy) await this.#whenIdle()
    this.#finished = true
  }
}

function settle(pending: Promise<void> | undefined, done: (error?: Error | null) => void): void {
  if (pending === undefined) done()
  else pending.then(() => done(), done)
}
