import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawBars } from '../../bench/bars.ts'

const rows = [
  { row: '100 connections, limit', median: 10, min: 8, max: 14 },
  { row: '100 connections, headgate', median: 25.04, min: 20, max: 31 },
]

test('bars are a small SVG with the name, the median and the whisker of each row', () => {
  const svg = drawBars({ title: 'end-to-end: cpuUsPerMessage', rows })
  for (const words of ['end-to-end: cpuUsPerMessage', ...rows.map(({ row }) => row), '>10<', '>25<']) {
    assert.ok(svg.includes(words), words)
  }
  assert.ok(svg.length < 10_000, `${svg.length} bytes`)
})

test('a whisker much longer than its bar is drawn whole, within the picture', () => {
  const svg = drawBars({ title: '', rows: [{ row: 'a', median: 10, min: 10, max: 100 }] })
  // Lines of whiskers, and no others, are of this colour: M x y L x y.
  const ends = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+L([\d.]+) [\d.]+"[^>]*stroke="#333333"/g)].flatMap(
    ([, from, to]) => [Number(from), Number(to)],
  )
  const [left, right] = [Math.min(...ends), Math.max(...ends)]
  assert.ok(right <= 930 && right - left > 500, `${left} to ${right}`)
})
