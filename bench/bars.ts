import { type CustomSeriesRenderItemAPI, init } from 'echarts'

const width = 1000
const top = 50
const barHeight = 22
const bottom = 30
const capHeight = 6

/** A bar a row, as long as its median, with a whisker from its least to its most value. */
export interface Bars {
  readonly title: string
  readonly rows: readonly {
    readonly row: string
    readonly median: number
    readonly min: number
    readonly max: number
  }[]
}

/** Draws bars as an SVG document, the first on top, the median written behind each. */
export function drawBars({ title, rows }: Bars): string {
  const height = top + rows.length * barHeight + bottom
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center' },
    grid: { left: 330, right: 70, top, bottom },
    xAxis: { type: 'value' },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ row }) => row),
      axisLabel: { width: 310, overflow: 'truncate', interval: 0 },
    },
    series: [
      { type: 'bar', barWidth: '60%', silent: true, data: rows.map(({ median }) => median) },
      {
        type: 'custom',
        silent: true,
        // Both ends of the whiskers, so that the axis has room for them.
        encode: { x: [1, 2], y: 0 },
        data: rows.map(({ median, min, max }, index) => [index, min, max, median]),
        renderItem: (_params: unknown, api: CustomSeriesRenderItemAPI) => whisker(api),
      },
    ],
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

function whisker(api: CustomSeriesRenderItemAPI) {
  const [index, min, max, median] = [0, 1, 2, 3].map((dimension) => Number(api.value(dimension))) as [
    number,
    number,
    number,
    number,
  ]
  const [x1, y] = api.coord([min, index]) as [number, number]
  const [x2] = api.coord([max, index]) as [number, number]
  const style = { stroke: '#333333', lineWidth: 1.5 }
  const line = (fromX: number, fromY: number, toX: number, toY: number) => {
    return { type: 'line' as const, shape: { x1: fromX, y1: fromY, x2: toX, y2: toY }, style }
  }
  const cap = (x: number) => line(x, y - capHeight / 2, x, y + capHeight / 2)
  const text = {
    text: String(Number(median.toPrecision(3))),
    x: x2 + 6,
    y,
    fill: '#333333',
    verticalAlign: 'middle' as const,
  }
  return {
    type: 'group' as const,
    children: [line(x1, y, x2, y), cap(x1), cap(x2), { type: 'text' as const, style: text }],
  }
}
