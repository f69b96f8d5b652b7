import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { drawBars } from './bars.ts'
import { circumstancesText } from './circumstances.ts'
import { drawTimeline } from './plot.ts'
import { ratiosOf } from './ratios.ts'
import { faultsText, headOf, noiseText, scenarioTables } from './report.ts'
import { latestResults, type SavedRun } from './saved-run.ts'
import type { Scenario } from './scenario.ts'
import { summarise } from './summary.ts'
import { ratioTables } from './tables.ts'

const usualChart = 'cpuUsPerMessage'

/**
 * Writes BENCHMARKS.md and the plots it shows below `root`: how it is measured, all ratios, then each scenario as the last of the runs that has
 * it found it. A timeline that is not in the runs, as it is not in saved ones, is shown as it was drawn before.
 */
export function writeBenchmarksPage(root: string, scenarios: readonly Scenario[], runs: readonly SavedRun[]): void {
  const results = latestResults(runs)
  const measured = scenarios.filter(({ name }) => results.some((result) => result.scenario === name))
  const sections = measured.flatMap((scenario) => {
    const own = results.filter((result) => result.scenario === scenario.name)
    const made = runs.findLast((run) => run.results.some((result) => result.scenario === scenario.name)) as SavedRun
    const plots = [...chartOf(root, scenario, runs), ...timelineOf(root, scenario, runs)]
    const shown = plots.map((file) => `![${scenario.name}](${file})`)
    return [headOf(scenario), circumstancesText(made), ...shown, ...scenarioTables(scenario, own)]
  })
  const cores = Math.max(...runs.map((run) => run.cores))
  const ratios = ['## Ratios', ratiosText, ...ratioTables(ratiosOf(measured, results))]
  const page = ['# Benchmarks', methodText, noiseText(cores), ...faultsText(results), ...ratios, ...sections]
  writeFileSync(join(root, 'BENCHMARKS.md'), `${page.join('\n\n')}\n`)
}

const methodText = `Written by \`npm run bench -- --write\`. Every row is measured in processes of its own, warmed up before the clock starts; a scenario's
rows take turns, so that a slow phase of the machine hits those alike that are compared. A figure counts only where the far end has exactly what
was sent, and the near end's receipts say so too. CPU is user and system time of all threads; memory is the peak while it was measured. Tables have the
median, least and most of all repetitions.`

const ratiosText = `The median of the ratios within each repetition, with the least and the most. Where less of a figure is better they are turned round: of CPU
a message they are messages per CPU second.`

/** The bars of a scenario's main figure, as a path below `root`. */
function chartOf(root: string, scenario: Scenario, runs: readonly SavedRun[]): readonly string[] {
  const { name, chart = usualChart } = scenario
  const rows = summarise([scenario], latestResults(runs)).filter(({ figure }) => figure === chart)
  if (rows.length === 0) return []
  const file = `docs/plots/bench-${name}.svg`
  write(root, file, drawBars({ title: `${name}: ${chart}`, rows }))
  return [file]
}

/** The timeline of the last repetition, as a path below `root`. */
function timelineOf(root: string, { name }: Scenario, runs: readonly SavedRun[]): readonly string[] {
  const file = `docs/plots/${name}.svg`
  const timeline = latestResults(runs).findLast((each) => each.scenario === name && each.timeline)?.timeline
  if (timeline !== undefined) write(root, file, drawTimeline(timeline))
  return existsSync(join(root, file)) ? [file] : []
}

function write(root: string, file: string, svg: string): void {
  const path = join(root, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${svg}\n`)
}
