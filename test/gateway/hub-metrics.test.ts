import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { HubMetrics } from '../../src/gateway/hub-metrics.ts'

test('pipelines of one name are counted together, and of another apart, at each scrape', async () => {
  const registry = new Registry()
  const hub = new HubMetrics(registry)
  const twins = [hub.meter('a'), hub.meter('a')]
  const other = hub.meter('b')
  for (const meter of [...twins, other]) {
    meter.request('send', 'ok', 0.01)
    meter.accepted(7, 9)
    meter.throttled()
  }
  await registry.metrics()
  const text = await registry.metrics()
  assert.match(text, /headgate_hub_request_seconds_count\{pipeline="a",operation="send",outcome="ok"\} 2\n/)
  assert.match(text, /headgate_hub_batch_messages_sum\{pipeline="a"\} 14\n/)
  assert.match(text, /headgate_hub_billable_messages_total\{pipeline="a"\} 18\n/)
  assert.match(text, /headgate_hub_throttled_total\{pipeline="a"\} 2\n/)
  assert.match(text, /headgate_hub_billable_messages_total\{pipeline="b"\} 9\n/)
  assert.match(text, /headgate_hub_throttled_total\{pipeline="b"\} 1\n/)
})

test('a pipeline that sent nothing yet has its counters at zero, so that an alert has something to look at', async () => {
  const registry = new Registry()
  new HubMetrics(registry).meter('a')
  const text = await registry.metrics()
  assert.match(text, /headgate_hub_throttled_total\{pipeline="a"\} 0\n/)
  assert.match(text, /headgate_hub_billable_messages_total\{pipeline="a"\} 0\n/)
})
