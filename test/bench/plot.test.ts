import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawTimeline } from '../../bench/plot.ts'

const timeline = {
  title: 'Of <hubs> & devices',
  seconds: [0, 1, 2, 3],
  marks: [{ name: 'nothing', fromSeconds: 1, toSeconds: 2 }],
  panels: [
    { name: 'readings/s', lines: [{ name: 'received', values: [10, 20, Number.NaN, 40] }] },
    { name: 'MiB', lines: [{ name: 'resident memory', values: [100, 101, 102, 103] }] },
  ],
}

test('a timeline becomes an SVG with a panel for each of its panels, its lines and its marks named', () => {
  const svg = drawTimeline(timeline)
  assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
  for (const words of [
    'Of &lt;hubs&gt; &amp; devices',
    'readings/s',
    'MiB',
    'received',
    'resident memory',
    'nothing',
  ]) {
    assert.ok(svg.includes(words), words)
  }
})
