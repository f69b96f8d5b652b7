import { collectDefaultMetrics, Registry } from 'prom-client'

/** A metric with its values, as it travels between processes. */
export type MetricSnapshot = Omit<Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number], 'collect'>

let registry: Registry | undefined

/** Metrics of the process are the process's: one set, however many gateways run in it. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry()
    collectDefaultMetrics({ register: registry })
    // Gauges with the name of a counter, which promtool refuses; the same numbers are there by type without `_total`.
    for (const kind of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${kind}_total`)
  }
  return registry
}
