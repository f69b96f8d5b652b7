import type { Result } from './result.ts'
import type { Ratio, Scenario } from './scenario.ts'
import { median } from './summary.ts'

/** A ratio as it was measured. */
export interface MeasuredRatio {
  readonly name: string
  /** Median of the ratios within one repetition, since what is slow for one row is mostly slow for its neighbour too. */
  readonly value: number
  readonly min: number
  readonly max: number
  /** One a repetition in which both rows are verified, sorted. */
  readonly pairs: readonly number[]
  /** In words, such as `>= 2`; undefined where nothing is aimed at. */
  readonly aim: string | undefined
  /** Whether the value reaches what is aimed at. */
  readonly reached: boolean | undefined
}

/** The ratios of scenarios, without those of rows that were skipped or are not verified. */
export function ratiosOf(scenarios: readonly Scenario[], results: readonly Result[]): readonly MeasuredRatio[] {
  return scenarios.flatMap(({ name, ratios = [] }) =>
    ratios.flatMap((ratio) => {
      const own = results.filter((result) => result.scenario === name && result.verified)
      const measured = measure(ratio, own)
      return measured === undefined ? [] : [measured]
    }),
  )
}

/** A ratio as one line of JSON. */
export function ratioLine({ name, value, min, max }: MeasuredRatio): string {
  const rounded = (number: number) => Number(number.toPrecision(4))
  return JSON.stringify({ ratio: name, value: rounded(value), min: rounded(min), max: rounded(max) })
}

function measure(ratio: Ratio, results: readonly Result[]): MeasuredRatio | undefined {
  const { name, of, to, figure, inverse = false, atLeast, atMost } = ratio
  const pairs = results
    .filter(({ row }) => row === of)
    .flatMap(({ repetition, figures }) => {
      const other = results.find((each) => each.row === to && each.repetition === repetition)
      const one = figures[figure]
      const against = other?.figures[figure]
      if (one === undefined || against === undefined) return []
      return [inverse ? against / one : one / against]
    })
    .sort((a, b) => a - b)
  const min = pairs[0]
  const max = pairs.at(-1)
  if (min === undefined || max === undefined) return undefined
  const value = median(pairs)
  const aims = [atLeast === undefined ? [] : [`>= ${atLeast}`], atMost === undefined ? [] : [`<= ${atMost}`]].flat()
  const reached = aims.length === 0 ? undefined : value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)
  return { name, value, min, max, pairs, aim: aims.length === 0 ? undefined : aims.join(', '), reached }
}
