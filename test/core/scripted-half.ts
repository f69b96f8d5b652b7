import type { ActiveContext, ActiveHalf } from '../../src/core/stage.ts'

type Script = Partial<Omit<ActiveHalf<unknown, unknown>, 'start'>> & {
  start?: (context: ActiveContext<unknown>) => void
}

/** An active half that notes its calls, and does in them what a test says; without a word it passes on what it takes. */
export class ScriptedHalf implements ActiveHalf<unknown, unknown> {
  readonly calls: string[]
  readonly #name: string
  readonly #script: Script
  #context: ActiveContext<unknown> | undefined

  /** Several halves may note into one list: then the name tells whose call it was. */
  constructor(script: Script = {}, name = '', calls: string[] = []) {
    this.#script = script
    this.#name = name
    this.calls = calls
  }

  get context(): ActiveContext<unknown> {
    if (this.#context === undefined) throw new Error('the half was not started')
    return this.#context
  }

  start(context: ActiveContext<unknown>): void {
    this.#context = context
    this.#note('start')
    this.#script.start?.(context)
  }

  push(item: unknown): undefined | void | Promise<void> {
    this.#note(`push ${item}`)
    if (this.#script.push !== undefined) return this.#script.push(item)
    return this.context.give(item)
  }

  end(): undefined | void | Promise<void> {
    this.#note('end')
    return this.#script.end?.()
  }

  destroy(): void {
    this.#note('destroy')
    this.#script.destroy?.()
  }

  #note(call: string): void {
    this.calls.push(`${this.#name}${this.#name === '' ? '' : ' '}${call}`)
  }
}

/** Resolves when all that was ready to run, promises included, has run. */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets turns pass until that is so, and so many at most: a test that waits for what never comes shall fail, not hang. */
export async function until(isSo: () => boolean, most = 1000): Promise<void> {
  for (let turns = 0; turns < most && !isSo(); turns++) await turnOver()
}
