import { AggregatorRegistry, type Registry } from 'prom-client'
import type { MetricSnapshot } from './process-metrics.ts'

/** What several processes have counted, as one: numbers are added up, but for metrics that say otherwise, such as lags of event loops (the mean). */
export function mergeMetrics(snapshots: readonly (readonly MetricSnapshot[])[]): MetricSnapshot[] {
  const merged = aggregate(snapshots).getMetricsAsArray()
  // They carry their values, which the types of the library do not say, and a function, which cannot travel.
  return (merged as unknown as MetricSnapshot[]).map(({ name, help, type, aggregator, values }) => {
    return { name, help, type, aggregator, values }
  })
}

/** The text that Prometheus scrapes, and its content type. */
export async function writeMetrics(
  snapshots: readonly MetricSnapshot[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = aggregate([snapshots])
  return { contentType: registry.contentType, text: await registry.metrics() }
}

/** Those that only ever grow: they must not shrink when the process that counted them has ended. */
export function countersOf(snapshots: readonly MetricSnapshot[]): MetricSnapshot[] {
  // The library says its types as words, and declares them as an enumeration.
  return snapshots.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}

function aggregate(snapshots: readonly (readonly MetricSnapshot[])[]): Registry {
  // The functions that the library wants beside the values are those of the processes that have counted.
  return AggregatorRegistry.aggregate(snapshots as unknown as Parameters<typeof AggregatorRegistry.aggregate>[0])
}
