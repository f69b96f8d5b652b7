import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countersOf, mergeMetrics, writeMetrics } from '../../src/gateway/merge-metrics.ts'
import { GatewayMetrics } from '../../src/gateway/metrics.ts'
import type { MetricSnapshot } from '../../src/gateway/process-metrics.ts'

/** What a process has counted, as it arrives over a channel. */
async function counted(connections: number, ended: number, seconds: number, level: number): Promise<MetricSnapshot[]> {
  const metrics = new GatewayMetrics()
  const meters = metrics.pipeline('p')
  meters.connections.open = connections
  for (let count = 0; count < ended; count++) meters.connections.count('ok')
  meters.pipeline.hub.request('send', 'ok', seconds)
  metrics.addGauges([{ name: 'level', help: 'A level.', type: 'gauge', merge: 'max', read: () => level }])
  return JSON.parse(JSON.stringify(await metrics.snapshot()))
}

const sampleOf = (text: string, line: string) => {
  const found = text.split('\n').find((each) => each.startsWith(`${line} `))
  return found === undefined ? undefined : Number(found.slice(line.length + 1))
}

test('counts, gauges and histograms of several processes are added up, and of some gauges the greatest counts', async () => {
  const { text } = await writeMetrics(mergeMetrics([await counted(2, 3, 0.004, 7), await counted(5, 4, 0.02, 6)]))
  assert.equal(sampleOf(text, 'headgate_connections{pipeline="p"}'), 7)
  assert.equal(sampleOf(text, 'headgate_connections_total{pipeline="p",outcome="ok"}'), 7)
  const request = (suffix: string, le = '') =>
    sampleOf(text, `headgate_hub_request_seconds_${suffix}{${le}pipeline="p",operation="send",outcome="ok"}`)
  assert.equal(request('count'), 2)
  assert.ok(Math.abs((request('sum') ?? 0) - 0.024) < 1e-9)
  assert.equal(request('bucket', 'le="0.005",'), 1)
  assert.equal(sampleOf(text, 'headgate_level'), 7)
})

test('what has been merged can be merged again, and only what grows is kept of who has ended', async () => {
  const gone = countersOf(await counted(2, 3, 0.004, 7))
  assert.ok(!gone.some(({ name }) => name === 'headgate_connections'))
  const before = mergeMetrics([gone, countersOf(await counted(9, 1, 0.1, 9))])
  const { text } = await writeMetrics(mergeMetrics([before, await counted(5, 4, 0.02, 6)]))
  assert.equal(sampleOf(text, 'headgate_connections{pipeline="p"}'), 5)
  assert.equal(sampleOf(text, 'headgate_connections_total{pipeline="p",outcome="ok"}'), 8)
  assert.equal(sampleOf(text, 'headgate_hub_request_seconds_count{pipeline="p",operation="send",outcome="ok"}'), 3)
  assert.equal(sampleOf(text, 'headgate_level'), 6)
})

test('metrics of the process are there once, and every metric has its type', async () => {
  const { text, contentType } = await writeMetrics(mergeMetrics([await counted(1, 1, 1, 1), await counted(1, 1, 1, 1)]))
  assert.match(contentType, /^text\/plain/)
  assert.equal(text.match(/^process_cpu_seconds_total /gm)?.length, 1)
  const names = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name))
  assert.ok(names.has('headgate_connections') && names.has('nodejs_eventloop_lag_seconds'))
})
