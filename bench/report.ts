import { circumstancesText } from './circumstances.ts'
import { ratiosOf } from './ratios.ts'
import type { Result } from './result.ts'
import type { SavedRun } from './saved-run.ts'
import type { Scenario } from './scenario.ts'
import { summarise } from './summary.ts'
import { figureTables, ratioTables } from './tables.ts'

/** What no reader may forget. */
export function noiseText(cores: number): string {
  return `Generator, hub and measured process share ${cores} cores: compare ratios, not absolute numbers. CPU is the
measured process's alone and holds beside other work; rates a second need a machine with nothing else to do.`
}

/** Everything in words. */
export function reportText(scenarios: readonly Scenario[], run: SavedRun): string {
  const sections = scenarios.flatMap((scenario) => [headOf(scenario), ...scenarioTables(scenario, run.results)])
  const head = ['# Benchmark', circumstancesText(run), noiseText(run.cores)]
  return `${[...head, ...sections, ...faultsText(run.results)].join('\n\n')}\n`
}

/** A scenario's heading, and what it is. */
export function headOf({ name, about }: Scenario): string {
  return `## ${name}\n\n${about}`
}

/** The ratios and figures of one scenario. */
export function scenarioTables(scenario: Scenario, results: readonly Result[]): readonly string[] {
  return [...ratioTables(ratiosOf([scenario], results)), ...figureTables(summarise([scenario], results))]
}

/** What was left out, and what is not verified, or that all is. */
export function faultsText(results: readonly Result[]): readonly string[] {
  const skipped = results.flatMap(({ scenario, row, skipped }) =>
    skipped === undefined ? [] : [`- ${scenario}, ${row}: ${skipped}`],
  )
  const leftOut = skipped.length === 0 ? [] : ['## Left out', [...new Set(skipped)].join('\n')]
  const failed = results.filter((result) => !result.verified && result.skipped === undefined)
  const verified = results.filter((result) => result.verified).length
  if (failed.length === 0) return [...leftOut, `All ${verified} results are verified: what was sent is what arrived.`]
  const words = failed.map(({ scenario, row, repetition, sent, received, acknowledged, error }) => {
    const counts = `sent ${sent}, received ${received}${acknowledged === undefined ? '' : `, acknowledged ${acknowledged}`}`
    return `- ${scenario}, ${row}, repetition ${repetition}: ${error ?? counts}`
  })
  return [...leftOut, '## NOT VERIFIED', words.join('\n')]
}
