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
