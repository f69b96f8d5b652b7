import type { Difference } from './compare.ts'
import type { MeasuredRatio } from './ratios.ts'
import type { Summary } from './summary.ts'

/** Ratios with their aims; nothing where there are none. The tables are Markdown that is readable as it is. */
export function ratioTables(ratios: readonly MeasuredRatio[]): readonly string[] {
  if (ratios.length === 0) return []
  const rows = ratios.map(({ name, value, min, max, aim = '–', reached }) => [
    name,
    ...[value, min, max].map((each) => each.toFixed(2)),
    aim,
    reached === undefined ? '–' : reached ? 'reached' : 'missed',
  ])
  return [table(['ratio', 'median', 'min', 'max', 'aim', ''], rows)]
}

/** One table a figure. */
export function figureTables(summaries: readonly Summary[]): readonly string[] {
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

/** What differs from another run; nothing where nothing does. */
export function differenceTables(differences: readonly Difference[]): readonly string[] {
  const changed = differences.filter(({ verdict }) => verdict !== 'no difference')
  if (changed.length === 0) return []
  const rows = changed.map(({ scenario, row, figure, verdict, change, probability }) => {
    return [`${scenario}/${row}`, figure, verdict, `×${change.toFixed(2)}`, probability.toPrecision(2)]
  })
  return [table(['row', 'figure', 'verdict', 'change', 'by chance'], rows)]
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
