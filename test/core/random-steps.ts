import { finished } from 'node:stream/promises'
import fc from 'fast-check'
import { type AnyBody, type AnyOutlet, type AnyStep, loneRun } from './slots.ts'

/** What a random step does with an item that begins with its letter; all others it passes on. */
const deeds = {
  drop: () => {},
  double(item: string, out: AnyOutlet) {
    out.emit(item)
    out.emit(`${item}'`)
  },
  throw(item: string) {
    throw new Error(item)
  },
  'emit and throw'(item: string, out: AnyOutlet) {
    out.emit(`${item}!`)
    throw new Error(item)
  },
  fail: (item: string, out: AnyOutlet) => out.fail(new Error(item) as never, item),
  'fail between'(item: string, out: AnyOutlet) {
    out.emit(`${item}-`)
    out.fail(new Error(item) as never, item)
    out.emit(`${item}+`)
  },
  reply: (item: string, out: AnyOutlet) => out.reply(item),
  'reply and emit'(item: string, out: AnyOutlet) {
    out.reply(item)
    out.emit(item)
  },
} satisfies Record<string, (item: string, out: AnyOutlet) => void>

/** A step as a test makes it up. */
export interface RandomStep {
  readonly deed: keyof typeof deeds
  readonly letter: string
  /** Resolves a turn later, after it has done its deed then. */
  readonly slow: boolean
}

const letter = fc.constantFrom('a', 'b', 'c', 'd')

export const randomStep: fc.Arbitrary<RandomStep> = fc.record({
  deed: fc.constantFrom(...(Object.keys(deeds) as (keyof typeof deeds)[])),
  letter,
  slow: fc.boolean(),
})

export const randomSteps = fc.array(randomStep, { minLength: 1, maxLength: 4 })

/** Items are numbered, so that one that is lost, doubled or overtaken shows. */
export const randomItems = fc
  .array(letter, { maxLength: 24 })
  .map((letters) => letters.map((each, index) => `${each}${index}`))

/** Cuts a list anywhere. */
export function cutList<T>(items: readonly T[], cuts: readonly number[]): T[][] {
  const at = [...new Set(cuts.map((cut) => cut % (items.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, index) => items.slice(from, at[index] ?? items.length)).filter((part) => part.length > 0)
}

/** The body of a random step. */
export function stepOf({ deed, letter: mine, slow }: RandomStep): AnyStep {
  const act = (item: string, out: AnyOutlet) => (item.startsWith(mine) ? deeds[deed](item, out) : out.emit(item))
  if (!slow) return (item, out) => act(item as string, out)
  return async (item, out) => {
    await new Promise(setImmediate)
    act(item as string, out)
  }
}

export interface RandomRunOptions {
  /** What was refused goes on, marked, and is seen by no step behind it. */
  readonly goesOn: boolean
  /** A failure of an item with this letter shuts its slot, and those outside of it. */
  readonly closing: string | undefined
  /** Replies and what is said about failures have room a turn later. */
  readonly holds: boolean
  /** The device becomes known by the first item with this letter that comes to the last slot; undefined: it is known. */
  readonly hello: string | undefined
}

export const randomRunOptions: fc.Arbitrary<RandomRunOptions> = fc.record({
  goesOn: fc.boolean(),
  closing: fc.option(letter, { nil: undefined, freq: 1 }),
  holds: fc.boolean(),
  hello: fc.option(letter, { nil: undefined, freq: 1 }),
})

/** Everything about a run that may not depend on how its items came. */
export interface RandomOutcome {
  readonly out: readonly unknown[]
  /** By slot, since slots take turns in another order where items come together. */
  readonly failed: Readonly<Record<string, readonly unknown[]>>
  readonly replied: readonly unknown[]
  readonly items: readonly number[]
}

/** Feeds a run of such steps with chunks of items. Its first slot takes the chunks apart. */
export async function outcomeOf(
  steps: readonly AnyBody[],
  chunks: readonly (readonly string[])[],
  options: RandomRunOptions,
): Promise<RandomOutcome> {
  const failed: Record<string, unknown[]> = {}
  let shut = -1
  let known = options.hello === undefined
  const later = () => (options.holds ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined)
  const apart: AnyStep = (chunk, out) => {
    for (const item of chunk as readonly string[]) out.emit(item)
  }
  const knows: AnyStep = (item, out) => {
    if (options.hello !== undefined && String(item).startsWith(options.hello)) known = true
    out.emit(item)
  }
  const { run, out, replied, meter } = loneRun([apart, ...steps, knows], {
    reply: later,
    context: {
      failed(error, item, { stage }) {
        failed[stage] ??= []
        failed[stage]?.push(`${item}: ${(error as Error).message}`)
        if (options.closing !== undefined && String(item).startsWith(options.closing)) shut = Math.max(shut, stage)
        return { goesOn: options.goesOn ? `(${item})` : undefined, held: later() }
      },
      refused: (item) => String(item).startsWith('('),
      shut: (stage) => stage <= shut,
      identified: () => known,
    },
  })
  for (const chunk of chunks) run.stream.write(chunk)
  run.stream.end()
  await finished(run.stream)
  const items = meter.stages.slice(1).map((stage) => stage.items)
  return { out, failed, replied: replied.toSorted(), items }
}
