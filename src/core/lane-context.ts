import { assertNotExpired } from './command-expiry.ts'
import type { Connection } from './connection.ts'
import type { Command } from './items.ts'
import type { Judge, JudgedRing } from './judge.ts'
import type { Failed, RunContext, Slot, Watching } from './slot.ts'

/** What the runs of both lanes ask of their ring alike. */
abstract class LaneContext implements RunContext {
  protected readonly judge: Judge
  /** Its own, since the ring is not looked at otherwise while items pass. */
  protected readonly connection: Connection
  readonly #ring: JudgedRing

  constructor(judge: Judge, ring: JudgedRing) {
    this.judge = judge
    this.connection = ring.connection
    this.#ring = ring
  }

  failed(error: unknown, item: unknown, slot: Slot): Failed {
    return this.judge.failed(error, item, slot)
  }

  reply(item: unknown, slot: Slot): Promise<void> | undefined {
    return this.#ring.turn(item, slot)
  }

  abstract watch(run: Watching): void
  abstract get timed(): boolean
  abstract refused(item: unknown): boolean
  abstract shut(stage: number): boolean
  abstract identified(): boolean
  abstract answered(item: unknown): Promise<void> | undefined
  abstract assertTimely(item: unknown): void
}

/** What a run of the way up asks of its ring. */
export class UpContext extends LaneContext {
  /** The run does not wait for the answer to a hello. */
  readonly #readsAhead: boolean

  constructor(judge: Judge, ring: JudgedRing, readsAhead: boolean) {
    super(judge, ring)
    this.#readsAhead = readsAhead
  }

  watch(run: Watching): void {
    this.judge.watch(run)
  }

  get timed(): boolean {
    return false
  }

  refused(item: unknown): boolean {
    // Before identity whoever judges what comes too early sees those too that a stage reading ahead has refused.
    return this.judge.refusals && this.identified() && (item as { refused?: unknown }).refused !== undefined
  }

  shut(stage: number): boolean {
    return this.judge.isShut(stage)
  }

  identified(): boolean {
    return this.#readsAhead || this.connection.identity !== undefined
  }

  answered(item: unknown): Promise<void> | undefined {
    const waits = !this.identified() && (item as { kind?: unknown }).kind === 'hello'
    return waits ? this.connection.helloAnswered() : undefined
  }

  assertTimely(): void {}
}

/** What a run of the way down asks of its ring: it waits for no hello, and is never shut. */
export class DownContext extends LaneContext {
  /** Nothing troubles it. */
  watch(): void {}

  get timed(): boolean {
    return true
  }

  refused(): boolean {
    return false
  }

  shut(): boolean {
    return false
  }

  identified(): boolean {
    return true
  }

  answered(): undefined {
    return undefined
  }

  /** A command whose time ran out on its way through a slow stage or a full lane goes no further. */
  assertTimely(item: unknown): void {
    if ((item as { kind?: unknown }).kind === 'command') assertNotExpired(item as Command)
  }
}
