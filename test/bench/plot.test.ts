import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { drawTimeline } from '../../bench/plot.ts'
import { circumstances, writeReport } from '../../bench/report.ts'
import { resultLine } from '../../bench/result.ts'

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

test('the report has it as a file, and the results as they are printed have not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-plot-'))
  try {
    const counts = { sent: 1, received: 1, verified: true }
    const result = {
      scenario: 'slow-hub',
      row: '10 s of nothing',
      repetition: 1,
      figures: { a: 1 },
      ...counts,
      timeline,
    }
    writeReport(dir, '', [result], circumstances(1, 1, true))
    assert.deepEqual(readdirSync(dir).sort(), ['latest.json', 'latest.md', 'slow-hub-10-s-of-nothing.svg'])
    assert.ok(!readFileSync(join(dir, 'latest.json'), 'utf8').includes('timeline'))
    assert.ok(!resultLine(result).includes('panels'))
  } finally {
    rmSync(dir, { recursive: true })
  }
})
