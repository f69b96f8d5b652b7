import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { drawBars, drawTimeline } from './plot.ts'
import { type MeasuredRatio, ratiosOf } from './ratios.ts'
import type { Result } from './result.ts'
import type { Scenario } from './scenario.ts'
import { type Summary, summarise } from './summary.ts'

/** What the results were made with. */
export interface Circumstances {
  readonly startedAt: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** Before the first row: above 0, others were at work. */
  readonly loadAverage: number
  readonly seed: number
  readonly repetitions: number
  readonly quick: boolean
}

/** Looks at the machine; call it before the first row. */
export function circumstances(seed: number, repetitions: number, quick: boolean): Circumstances {
  const machine = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, loadAverage: loadavg()[0] ?? 0 }
  return { startedAt: new Date().toISOString(), node: process.version, ...machine, seed, repetitions, quick }
}

/** Everything in words: one table a figure, in Markdown that is readable as it is. */
export function reportText(scenarios: readonly Scenario[], results: readonly Result[], made: Circumstances): string {
  const summaries = summarise(scenarios, results)
  const machine = `Node ${made.node}, ${made.cores} x ${made.cpu}, load ${made.loadAverage.toFixed(2)} before the start`
  const run = `${made.startedAt}, seed ${made.seed}, ${made.repetitions} repetitions${made.quick ? ', quick' : ''}`
  const noise = `Generator, hub and measured process share ${made.cores} cores: compare ratios, not absolute numbers. CPU is the
measured process's alone and holds beside other work; rates a second need a machine with nothing else to do.`
  const sections = scenarios.flatMap((scenario) => [
    `## ${scenario.name}\n\n${scenario.about}`,
    ...ratioTable(ratiosOf([scenario], results)),
    ...figureTables(summaries.filter((summary) => summary.scenario === scenario.name)),
  ])
  return `${['# Benchmark', `${machine}\n${run}`, noise, ...sections, ...faults(results)].join('\n\n')}\n`
}

/** Writes `latest.md`, `latest.json`, and the timeline of each row that has one as `SCENARIO-ROW.svg`. */
export function writeReport(dir: string, text: string, results: readonly Result[], made: Circumstances): void {
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

const usualChart = 'cpuUsPerMessage'

/** Writes BENCHMARKS.md: the ratios of all scenarios, their charts, and every table. */
export function writeBenchmarks(scenarios: readonly Scenario[], results: readonly Result[], made: Circumstances): void {
  const charts = scenarios.flatMap((scenario) => {
    const { name, chart = usualChart } = scenario
    const rows = summarise([scenario], results).filter(({ figure }) => figure === chart)
    if (rows.length === 0) return []
    const file = `docs/plots/bench-${name}.svg`
    writeFileSync(file, `${drawBars({ title: `${name}: ${chart}`, rows })}\n`)
    return [`![${name}](${file})`]
  })
  const ratios = ratioTable(ratiosOf(scenarios, results))
  const [title, ...rest] = reportText(scenarios, results, made).split('\n\n')
  const head = `${title}s\n\nWritten by \`npm run bench -- --write\`; how it is measured stands in CONTRIBUTING.md. Ratios of the median repetition, with the least and the
most; inverse ones of CPU per message are messages per CPU second.`
  writeFileSync(
    'BENCHMARKS.md',
    `${[head, '## Ratios', ...ratios, '## Charts', ...charts, ...rest].join('\n\n').trimEnd()}\n`,
  )
}

function ratioTable(ratios: readonly MeasuredRatio[]): string[] {
  if (ratios.length === 0) return []
  const rows = ratios.map(({ name, value, min, max, aim = '–', reached }) => [
    name,
    ...[value, min, max].map((each) => each.toFixed(2)),
    aim,
    reached === undefined ? '–' : reached ? 'reached' : 'missed',
  ])
  return [table(['ratio', 'median', 'min', 'max', 'aim', ''], rows)]
}

function figureTables(summaries: readonly Summary[]): string[] {
  const figures = [...new Set(summaries.map((summary) => summary.figure))]
  return figures.map((figure) =>
    table(
      [figure, 'median', 'min', 'max', '/ reference'],
      summaries
        .filter((summary) => summary.figure === figure)
        .map(({ row, median, min, max, ratio }) => [
          row,
          ...[median, min, max].map(readable),
          ratio === undefined || !Number.isFinite(ratio) ? '–' : ratio.toFixed(2),
        ]),
    ),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function readable(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function faults(results: readonly Result[]): string[] {
  const skipped = [
    ...new Set(
      results.flatMap(({ scenario, row, skipped }) =>
        skipped === undefined ? [] : [`- ${scenario}, ${row}: ${skipped}`],
      ),
    ),
  ]
  const leftOut = skipped.length === 0 ? [] : ['## Left out', skipped.join('\n')]
  const failed = results.filter((result) => !result.verified && result.skipped === undefined)
  const verified = results.length - failed.length - results.filter((result) => result.skipped !== undefined).length
  if (failed.length === 0) return [...leftOut, `All ${verified} results are verified: what was sent is what arrived.`]
  const words = failed.map(({ scenario, row, repetition, sent, received, acknowledged, error }) => {
    const counts = `sent ${sent}, received ${received}${acknowledged === undefined ? '' : `, acknowledged ${acknowledged}`}`
    return `- ${scenario}, ${row}, repetition ${repetition}: ${error ?? counts}`
  })
  return [...leftOut, '## NOT VERIFIED', words.join('\n')]
}
