import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Circumstances } from './circumstances.ts'
import { drawTimeline } from './plot.ts'
import type { Result } from './result.ts'

/** A run with what it was made with: what `latest.json` holds. */
export interface SavedRun extends Circumstances {
  readonly results: readonly Result[]
}

/** Writes `latest.md`, `latest.json`, and the timeline of each row that has one as `SCENARIO-ROW.svg`. */
export function saveRun(dir: string, text: string, { results, ...made }: SavedRun): void {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'latest.md'), text)
  const figures = results.map(({ timeline: _drawn, ...result }) => result)
  writeFileSync(join(dir, 'latest.json'), `${JSON.stringify({ ...made, results: figures }, undefined, 2)}\n`)
  for (const { scenario, row, timeline } of results) {
    if (timeline === undefined) continue
    const name = `${scenario}-${row}`.replaceAll(/[^\w]+/g, '-')
    writeFileSync(join(dir, `${name}.svg`), drawTimeline(timeline))
  }
}

/** Reads a `latest.json`. Throws where it is none. */
export function readRun(path: string): SavedRun {
  const run = JSON.parse(readFileSync(path, 'utf8')) as Partial<SavedRun> | null
  if (!Array.isArray(run?.results)) throw new Error(`${path} has no results`)
  return run as SavedRun
}

/** The results of each scenario in the last of the runs that has some. */
export function latestResults(runs: readonly SavedRun[]): readonly Result[] {
  const last = new Map(runs.flatMap((run) => run.results.map(({ scenario }) => [scenario, run] as const)))
  return [...last].flatMap(([scenario, { results }]) => results.filter((result) => result.scenario === scenario))
}
