import { kindOf } from './figures.ts'
import type { Result } from './result.ts'
import type { Scenario } from './scenario.ts'
import { holm, welchTest } from './statistics.ts'
import { median } from './summary.ts'

/** What became of a figure of a row since another run. */
export interface Difference {
  readonly scenario: string
  readonly row: string
  readonly figure: string
  readonly verdict: 'no difference' | 'better' | 'worse'
  /** Median now in relation to then; above 1 is more, whether that is better or not. */
  readonly change: number
  /** How probable it is that chance alone makes so much out of a change by a tenth at most. */
  readonly probability: number
}

/** A change must be more than that: so much a row may differ from itself for as long as a whole run, whatever its repetitions say. */
const tolerance = Math.log(1.1)

/** How probable it may be that a whole comparison of equal runs tells of any difference. */
const level = 0.05

/** Repetitions of either run below which nothing is said. */
const fewestRepetitions = 3

/**
 * Compares the rows of two runs. One run may have met a machine that was slower as a whole, by 10 to 40 % on a shared one: what the machine's
 * speed is in is set against the scenario's yardstick, else the row's reference, within the same repetition, and what is compared are these
 * ratios; memory and counts are compared as they are. A difference is told where Welch's test of the logarithms says that it is more than a tenth,
 * with Holm's correction for all that is compared at once. Simulated with 100 figures and 5 repetitions that scatter by 5 %, it finds 59 % of
 * changes by 1.35 and 95 % of those by 1.5; with 10 repetitions all of both. Of equal rows it tells 1 of 10,000 where each run as a whole shifts
 * them by some 3 % more.
 *
 * A row that is its own yardstick has nothing to be set against: what makes it slower makes the others look faster, so yardsticks should be
 * rows of other code than Headgate's.
 */
export function compare(
  scenarios: readonly Scenario[],
  before: readonly Result[],
  after: readonly Result[],
): readonly Difference[] {
  const candidates = scenarios.flatMap((scenario) => [
    ...differencesOf(scenario, verifiedOf(scenario, before), verifiedOf(scenario, after)),
  ])
  const sure = holm(
    candidates.map(({ probability }) => probability),
    level,
  )
  return candidates.map(({ better, ...difference }, index) => {
    const verdict = (better === 'less') === difference.change < 1 ? 'better' : 'worse'
    return { ...difference, verdict: sure[index] ? verdict : 'no difference' }
  })
}

/** The last word: what differs, by name. */
export function overall(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'nothing to compare'
  const changed = differences.filter(({ verdict }) => verdict !== 'no difference')
  return changed.length === 0 ? 'no difference' : changed.map(inWords).join('; ')
}

/** A difference as one line of JSON. */
export function differenceLine({ scenario, row, change, probability, ...rest }: Difference): string {
  const rounded = (value: number) => Number(value.toPrecision(3))
  const numbers = { change: rounded(change), probability: rounded(probability) }
  return JSON.stringify({ compare: `${scenario}/${row}`, ...rest, ...numbers })
}

function inWords({ scenario, row, figure, verdict, change }: Difference): string {
  return `${scenario}/${row}: ${figure} ${verdict}, ×${change.toFixed(2)}`
}

function verifiedOf({ name }: Scenario, results: readonly Result[]): readonly Result[] {
  return results.filter(({ scenario, verified }) => scenario === name && verified)
}

type Candidate = Omit<Difference, 'verdict'> & { readonly better: 'less' | 'more' }

function* differencesOf(
  { name: scenario, rows, yardstick }: Scenario,
  before: readonly Result[],
  after: readonly Result[],
): Generator<Candidate> {
  const figures = new Set(after.flatMap((result) => Object.keys(result.figures)))
  for (const { name: row, reference = rows[0]?.name } of rows) {
    for (const figure of figures) {
      const kind = kindOf(figure)
      if (kind === undefined) continue
      const against = kind.withMachine ? (yardstick ?? reference) : undefined
      if (against === row) continue
      const [then, now] = [valuesOf(before, row, figure, against), valuesOf(after, row, figure, against)]
      if (Math.min(then.length, now.length) < fewestRepetitions) continue
      const probability = welchTest(then.map(Math.log), now.map(Math.log), tolerance)
      yield { scenario, row, figure, change: median(now) / median(then), probability, better: kind.better }
    }
  }
}

/** Of one row, sorted; each in relation to the row `against` in the same repetition, where that is given. What has no logarithm is left out. */
function valuesOf(
  results: readonly Result[],
  row: string,
  figure: string,
  against: string | undefined,
): readonly number[] {
  const own = results.filter((result) => result.row === row)
  const values = own.map(({ repetition, figures }) => {
    const value = figures[figure] ?? Number.NaN
    if (against === undefined) return value
    const other = results.find((each) => each.row === against && each.repetition === repetition)
    return value / (other?.figures[figure] ?? Number.NaN)
  })
  return values.filter((value) => value > 0 && value < Infinity).sort((a, b) => a - b)
}
