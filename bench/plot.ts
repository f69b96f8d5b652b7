import { init } from 'echarts'
import type { Timeline } from './timeline.ts'

const width = 1000
const panelHeight = 180
const gap = 60
const top = 70

/** Draws a timeline as an SVG document: a panel below the other, the marked stretches shaded in all. */
export function drawTimeline(timeline: Timeline): string {
  const { title, seconds, panels, marks } = timeline
  const height = top + panels.length * (panelHeight + gap)
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  const shaded = marks.map(({ name, fromSeconds, toSeconds }) => [{ name, xAxis: fromSeconds }, { xAxis: toSeconds }])
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center' },
    legend: { top: 30, itemGap: 25 },
    grid: panels.map((_, index) => ({
      left: 80,
      right: 30,
      top: top + index * (panelHeight + gap),
      height: panelHeight,
    })),
    xAxis: panels.map((_, index) => ({
      type: 'value',
      gridIndex: index,
      name: index === panels.length - 1 ? 's' : '',
      max: 'dataMax',
    })),
    yAxis: panels.map(({ name }, index) => ({ type: 'value', gridIndex: index, name })),
    series: panels.flatMap(({ lines }, index) =>
      lines.map(({ name, values }, line) => ({
        type: 'line',
        name,
        showSymbol: false,
        xAxisIndex: index,
        yAxisIndex: index,
        data: values.map((value, at) => [seconds[at], Number.isNaN(value) ? null : value]),
        ...(line === 0 && { markArea: { silent: true, itemStyle: { opacity: 0.15 }, data: shaded } }),
      })),
    ),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** A bar a row, as long as its median, with a line from its least to its most value. */
export interface Bars {
  readonly title: string
  readonly rows: readonly {
    readonly row: string
    readonly median: number
    readonly min: number
    readonly max: number
  }[]
}

const barHeight = 22

/** Draws bars as an SVG document, the first on top. */
export function drawBars({ title, rows }: Bars): string {
  const height = top + rows.length * barHeight + gap
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  const upwards = rows.toReversed()
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center' },
    grid: { left: 330, right: 70, top: top - 20, bottom: gap / 2 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', data: upwards.map(({ row }) => row), axisLabel: { width: 310, overflow: 'truncate' } },
    series: [
      {
        type: 'bar',
        barWidth: '60%',
        data: upwards.map(({ median }) => Number(median.toPrecision(3))),
        label: { show: true, position: 'right' },
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: '#333333', type: 'solid', width: 2 },
          data: upwards.map(({ min, max }, index) => [{ coord: [min, index] }, { coord: [max, index] }]),
        },
      },
    ],
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
