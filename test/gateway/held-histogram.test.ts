import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { HeldHistogram } from '../../src/gateway/held-histogram.ts'

function made() {
  const registry = new Registry()
  const histogram = new HeldHistogram({
    name: 'seconds',
    help: 'Seconds.',
    labelNames: ['who'],
    buckets: [1, 10],
    registers: [registry],
  })
  return { registry, histogram }
}

test('a scrape finds all that was observed before it, each with its labels, and a second one finds it once', async () => {
  const { registry, histogram } = made()
  histogram.observe({ who: 'a' }, 0.5)
  histogram.observe({ who: 'b' }, 5)
  histogram.observe({ who: 'a' }, 20)
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await registry.metrics()
    assert.match(text, /seconds_bucket\{le="1",who="a"\} 1\n/)
    assert.match(text, /seconds_bucket\{le="10",who="a"\} 1\n/)
    assert.match(text, /seconds_bucket\{le="\+Inf",who="a"\} 2\n/)
    assert.match(text, /seconds_sum\{who="a"\} 20.5\n/)
    assert.match(text, /seconds_bucket\{le="1",who="b"\} 0\n/)
    assert.match(text, /seconds_sum\{who="b"\} 5\n/)
  }
  histogram.observe({ who: 'b' }, 6)
  assert.match(await registry.metrics(), /seconds_sum\{who="b"\} 11\n/)
})

test('what nobody scrapes does not pile up: 512 observations are handed over together, and all are counted', async () => {
  const { registry, histogram } = made()
  let handedOver = 0
  const metric = registry.getSingleMetric('seconds') as unknown as { observe(labels: object, value: number): void }
  const observe = metric.observe.bind(metric)
  metric.observe = (labels, value) => {
    handedOver++
    observe(labels, value)
  }
  for (let count = 0; count < 511; count++) histogram.observe({ who: 'a' }, 1)
  assert.equal(handedOver, 0)
  histogram.observe({ who: 'a' }, 1)
  assert.equal(handedOver, 512)
  for (let count = 0; count < 600; count++) histogram.observe({ who: 'a' }, 1)
  assert.equal(handedOver, 1024)
  assert.match(await registry.metrics(), /seconds_count\{who="a"\} 1112\n/)
})
