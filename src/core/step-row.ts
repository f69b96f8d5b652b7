import type { AnyStep } from './slot.ts'
import type { Step, StepObject } from './stage.ts'

/** Any step as a method: what is called of it, for one item. */
export type Push = Step<unknown, unknown, unknown>

/**
 * The steps of a run, in its own object: of many connections each has been cold for long when something comes, and an array is two more places in
 * memory to wait for. Those of usual pipelines are six at most; further ones stand in an array.
 */
export class StepRow {
  readonly #step0: AnyStep | undefined
  readonly #step1: AnyStep | undefined
  readonly #step2: AnyStep | undefined
  readonly #step3: AnyStep | undefined
  readonly #step4: AnyStep | undefined
  readonly #step5: AnyStep | undefined
  readonly #further: readonly AnyStep[] | undefined

  constructor(steps: readonly AnyStep[]) {
    this.#step0 = steps[0]
    this.#step1 = steps[1]
    this.#step2 = steps[2]
    this.#step3 = steps[3]
    this.#step4 = steps[4]
    this.#step5 = steps[5]
    this.#further = steps.length > atHand ? steps.slice(atHand) : undefined
  }

  /** The step at an index, which must be of the row. */
  stepAt(index: number): AnyStep {
    switch (index) {
      case 0:
        return this.#step0 as AnyStep
      case 1:
        return this.#step1 as AnyStep
      case 2:
        return this.#step2 as AnyStep
      case 3:
        return this.#step3 as AnyStep
      case 4:
        return this.#step4 as AnyStep
      case 5:
        return this.#step5 as AnyStep
      default:
        return (this.#further as readonly AnyStep[])[index - atHand] as AnyStep
    }
  }

  /**
   * True where all steps are known to be objects rather than functions. Asked before the first is called: the processor waits for the memory
   * of all of them together then, and not for one after the other, which takes as long for each.
   */
  get areObjects(): boolean {
    return (
      typeof this.#step0 !== 'function' &&
      typeof this.#step1 !== 'function' &&
      typeof this.#step2 !== 'function' &&
      typeof this.#step3 !== 'function' &&
      typeof this.#step4 !== 'function' &&
      typeof this.#step5 !== 'function' &&
      this.#further === undefined
    )
  }
}

const atHand = 6

/** What is to be called of a step. */
export function pushOf(step: AnyStep): Push {
  return typeof step === 'function' ? step : step.push
}

/** As `pushOf`, of a row whose steps {@link StepRow.areObjects}. */
export function pushOfObject(step: AnyStep): Push {
  return (step as StepObject<unknown, unknown, unknown>).push
}
