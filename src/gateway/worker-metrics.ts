import { countersOf, mergeMetrics, writeMetrics } from './merge-metrics.ts'
import type { Exposition } from './metrics.ts'
import { type MetricSnapshot, processMetrics } from './process-metrics.ts'
import type { WorkerProcess } from './worker-process.ts'

/**
 * The metrics of all workers as those of one gateway. What workers have counted stays when they end, so that no counter ever shrinks: one that
 * finishes says its last, of one that crashed the last scrape is kept. One that does not answer is counted as it was at the last scrape.
 */
export class WorkerMetrics implements Exposition {
  readonly #workers: ReadonlySet<WorkerProcess>
  #departed: MetricSnapshot[] = []
  /** Workers that were started in the place of others that ended by themselves. */
  restarts = 0

  /** `workers`: those that live, kept by whoever starts them. */
  constructor(workers: ReadonlySet<WorkerProcess>) {
    this.#workers = workers
  }

  /** The worker has ended, and is no longer among those that live. */
  departed({ metrics }: WorkerProcess): void {
    this.#departed = mergeMetrics([this.#departed, countersOf(metrics)])
  }

  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    await Promise.all([...this.#workers].map((worker) => this.#ask(worker)))
    const own = await processMetrics().getMetricsAsJSON()
    // Between here and the sum nobody can depart.
    const living = [...this.#workers]
    const sum = mergeMetrics([this.#departed, ...living.map(({ metrics }) => metrics), own])
    return writeMetrics([...sum, ...this.#ownGauges(living)])
  }

  async #ask(worker: WorkerProcess): Promise<void> {
    const answer = await worker.ask('metrics')
    // Its last word may have come meanwhile, which says more.
    if (answer !== undefined && !worker.hasSaidLast) worker.metrics = answer as readonly MetricSnapshot[]
  }

  #ownGauges(living: readonly WorkerProcess[]): MetricSnapshot[] {
    const connections = new Map<number, number>()
    for (const { number, metrics } of living) {
      const open = metrics.find(({ name }) => name === 'headgate_connections')?.values ?? []
      const before = connections.get(number) ?? 0
      connections.set(
        number,
        open.reduce((sum, { value }) => sum + value, before),
      )
    }
    return [
      ownMetric('headgate_workers', 'gauge', 'Workers that listen.', [
        [{}, living.filter(({ isListening }) => isListening).length],
      ]),
      ownMetric(
        'headgate_worker_restarts_total',
        'counter',
        'Workers started in the place of one that ended by itself.',
        [[{}, this.restarts]],
      ),
      ownMetric(
        'headgate_worker_connections',
        'gauge',
        'Connections open now in a worker.',
        [...connections].map(([number, open]) => [{ worker: String(number) }, open]),
      ),
    ]
  }
}

function ownMetric(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[],
): MetricSnapshot {
  return {
    name,
    help,
    // The library says its types as words, and declares them as an enumeration.
    type: type as unknown as MetricSnapshot['type'],
    aggregator: 'sum',
    values: values.map(([labels, value]) => ({ labels, value })),
  }
}
