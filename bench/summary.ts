import type { Result } from './result.ts'
import type { Scenario } from './scenario.ts'

/** One figure of one row over all repetitions. */
export interface Summary {
  readonly scenario: string
  readonly figure: string
  readonly row: string
  readonly median: number
  readonly min: number
  readonly max: number
  /** Median in relation to that of the row's reference: the only number here that another machine would repeat. */
  readonly ratio: number | undefined
}

/** Sums up what is verified, figure by figure, the rows of a scenario below each other. */
export function summarise(scenarios: readonly Scenario[], results: readonly Result[]): readonly Summary[] {
  return scenarios.flatMap((scenario) => summariseScenario(scenario, results))
}

function summariseScenario(scenario: Scenario, results: readonly Result[]): Summary[] {
  const own = results.filter((result) => result.scenario === scenario.name && result.verified)
  const figures = [...new Set(own.flatMap((result) => Object.keys(result.figures)))]
  const valuesOf = (row: string | undefined, figure: string) =>
    own.flatMap((result) => (result.row === row ? (result.figures[figure] ?? []) : [])).sort((a, b) => a - b)
  return figures.flatMap((figure) =>
    scenario.rows.flatMap(({ name, reference = scenario.rows[0]?.name }): Summary[] => {
      const values = valuesOf(name, figure)
      const min = values[0]
      const max = values.at(-1)
      if (min === undefined || max === undefined) return []
      const against = valuesOf(reference, figure)
      const ratio = against.length === 0 ? undefined : median(values) / median(against)
      return [{ scenario: scenario.name, figure, row: name, median: median(values), min, max, ratio }]
    }),
  )
}

/** The middle of sorted values; between the two in the middle where their number is even. */
export function median(sorted: readonly number[]): number {
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}
