import type { StageMeter } from './meter.ts'
import type { EndingStep, Step, StepObject, TurnStep } from './stage.ts'

/** A step's place within a pipeline: nothing of it is a connection's. */
export interface Slot {
  readonly meter: StageMeter
  /** Which stage of the pipeline it belongs to, 0 for the outermost. */
  readonly stage: number
}

/** What stands in a slot, of one connection. The engine knows items as unknown: the pipeline's signature has checked them. */
export type AnyStep =
  | Step<unknown, unknown, unknown>
  | StepObject<unknown, unknown, unknown>
  | EndingStep<unknown, unknown, unknown>
  | TurnStep<unknown, unknown, unknown>

/** The slots of a pipeline, the same for all its connections, which would each have some ten of their own. */
export class SlotTable {
  readonly #slots = new WeakMap<StageMeter, Slot>()
  /** By the first of a row. */
  readonly #rows = new WeakMap<Slot, (readonly Slot[])[]>()

  /** The slot of a stage half, known by its meter; made on first use. */
  slot(meter: StageMeter, stage: number): Slot {
    let slot = this.#slots.get(meter)
    if (slot === undefined) {
      slot = { meter, stage }
      this.#slots.set(meter, slot)
    }
    return slot
  }

  /** Slots in a row, one array for all runs that have the same. */
  row(slots: readonly Slot[]): readonly Slot[] {
    const [first] = slots
    if (first === undefined) return none
    let rows = this.#rows.get(first)
    if (rows === undefined) {
      rows = []
      this.#rows.set(first, rows)
    }
    const known = rows.find((row) => row.length === slots.length && row.every((slot, index) => slot === slots[index]))
    if (known !== undefined) return known
    rows.push(slots)
    return slots
  }
}

const none: readonly Slot[] = []

/** Stage half of a slot as errors name it, such as `json.up`. */
export function nameOf({ meter }: Slot): string {
  return `${meter.stage}.${meter.direction}`
}

/** What became of an item that failed. */
export interface Failed {
  /** The item where it must travel on as refused, so that its receipt keeps its order; undefined where it is gone. */
  readonly goesOn: unknown
  /** Holds the lane while what was said to the device has no room. */
  readonly held: Promise<void> | undefined
}

/** A run that is told when it has to ask about what it is given; until then its context is not looked at. */
export interface Watching {
  /** True once an item travels on as refused, or a stage is shut. */
  troubled: boolean
}

/** What a run asks of its ring. */
export interface RunContext {
  /** Called once by each run: from the first trouble on it asks whether items are refused, and stages shut. */
  watch(run: Watching): void
  /** False where {@link RunContext.assertTimely} never throws. */
  readonly timed: boolean
  /** An item failed in a slot: the ring asks the policy, tells the device, counts. Must not throw. */
  failed(error: unknown, item: unknown, slot: Slot): Failed
  /** Turns an item round into the other lane; a promise holds this lane until there is room. */
  reply(item: unknown, slot: Slot): Promise<void> | undefined
  /** True for an item that an earlier slot refused: no step sees it. */
  refused(item: unknown): boolean
  /** True for a stage that takes nothing more: an error at it, or further in, closed the connection. What came before is finished. */
  shut(stage: number): boolean
  /** True once the device is known, and from then on; on the way down always, where nothing waits for a hello. */
  identified(): boolean
  /** Where an item is a hello that is not answered yet: resolves when it is. */
  answered(item: unknown): Promise<void> | undefined
  /** Throws for an item that no step may be given any more. */
  assertTimely(item: unknown): void
}
