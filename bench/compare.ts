import type { Result } from './result.ts'
import type { Scenario } from './scenario.ts'
import { median } from './summary.ts'

/** What became of a row since another run. */
export interface Difference {
  readonly scenario: string
  readonly row: string
  readonly figure: string
  /** Now in relation to then, each in relation to its own reference row. */
  readonly change: number
  readonly verdict: 'no difference' | 'less' | 'more'
}

/** Changes smaller than that are called none, however sure they are. */
const leastChange = 0.1

/** Repetitions of both runs below which nothing can be said. */
const fewestRepetitions = 3

/**
 * Compares the rows of two runs, for figures of which less is better. The machine may have been slower as a whole in one of them: so each
 * row is set against its scenario's reference row in the same repetition, and what is compared are these ratios. A difference is told
 * where the two ranges lie apart by half of the wider one at least, and the medians by a tenth: at five repetitions the ranges of equal rows lie apart
 * at all once in 126 times.
 */
export function compare(
  scenarios: readonly Scenario[],
  before: readonly Result[],
  after: readonly Result[],
  figures: readonly string[] = ['cpuUsPerMessage', 'rssKiBPerConnection'],
): readonly Difference[] {
  return scenarios.flatMap((scenario) =>
    scenario.rows.flatMap(({ name, reference = scenario.rows[0]?.name ?? '' }) =>
      figures.flatMap((figure) => {
        if (name === reference) return []
        const of = (results: readonly Result[]) => againstReference(results, scenario.name, name, reference, figure)
        return difference(of(before), of(after)).map((each) => ({
          scenario: scenario.name,
          row: name,
          figure,
          ...each,
        }))
      }),
    ),
  )
}

/** The last word: differences are told by name. */
export function overall(differences: readonly Difference[]): string {
  const changed = differences.filter(({ verdict }) => verdict !== 'no difference')
  if (differences.length === 0) return 'nothing to compare'
  if (changed.length === 0) return 'no difference'
  return changed
    .map(
      ({ scenario, row, figure, verdict, change }) =>
        `${scenario}, ${row}: ${figure} ${verdict} (x ${change.toFixed(2)})`,
    )
    .join('; ')
}

function difference(before: readonly number[], after: readonly number[]): Pick<Difference, 'change' | 'verdict'>[] {
  if (before.length < fewestRepetitions || after.length < fewestRepetitions) return []
  const change = median(after) / median(before)
  const [lower, upper] = change < 1 ? [after, before] : [before, after]
  const gap = (upper[0] as number) - (lower.at(-1) as number)
  const widest = Math.max(rangeOf(before), rangeOf(after))
  const differs = gap > widest / 2 && Math.abs(Math.log(change)) > Math.log(1 + leastChange)
  return [{ change, verdict: differs ? (change < 1 ? 'less' : 'more') : 'no difference' }]
}

function rangeOf(sorted: readonly number[]): number {
  return (sorted.at(-1) as number) - (sorted[0] as number)
}

function againstReference(
  results: readonly Result[],
  scenario: string,
  row: string,
  reference: string,
  figure: string,
): readonly number[] {
  const own = results.filter((result) => result.scenario === scenario && result.verified)
  return own
    .filter((result) => result.row === row)
    .flatMap(({ repetition, figures }) => {
      const against = own.find((each) => each.row === reference && each.repetition === repetition)?.figures[figure]
      const value = figures[figure]
      return value === undefined || against === undefined ? [] : [value / against]
    })
    .sort((a, b) => a - b)
}
