import { Counter, Gauge, Registry } from 'prom-client'
import { type Gauge as HubGauge, increment, PipelineMeter, type StageMeter } from '../core/meter.ts'
import { HubMetrics } from './hub-metrics.ts'
import { type MetricSnapshot, processMetrics } from './process-metrics.ts'

type Labels = Record<string, string>
type Sample = readonly [labels: Labels, value: number]

/** Something that Prometheus can scrape. */
export interface Exposition {
  /** The text that a scrape gets, and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** Counts of connections of one pipeline, kept by its listener. */
export class ConnectionMeter {
  /** Sockets open now, identified or not. */
  open = 0
  /** Connections that ended or were turned away, by `ok` or error code. */
  readonly outcomes = new Map<string, number>()

  count(outcome: string): void {
    increment(this.outcomes, outcome)
  }
}

/**
 * Everything that a gateway measures, in the form that Prometheus scrapes. The hot path counts in plain numbers; they are
 * handed over when a scrape asks.
 */
export class GatewayMetrics implements Exposition {
  readonly #registry = new Registry()
  readonly #gauges = new Map<string, Set<HubGauge>>()
  readonly #pipelines: { readonly pipeline: PipelineMeter; readonly connections: ConnectionMeter }[] = []

  readonly #hub: HubMetrics

  constructor() {
    this.#connections()
    this.#stages()
    this.#messages()
    this.#hub = new HubMetrics(this.#registry)
  }

  /** Meters for one more pipeline. */
  pipeline(name: string): { pipeline: PipelineMeter; connections: ConnectionMeter } {
    const meters = { pipeline: new PipelineMeter(name, this.#hub.meter(name)), connections: new ConnectionMeter() }
    this.#pipelines.push(meters)
    return meters
  }

  /** Numbers of hubs and dead-letter sinks, of each object once, however many pipelines lead to it. */
  addGauges(gauges: readonly HubGauge[]): void {
    for (const gauge of gauges) {
      const alike = this.#gauges.get(gauge.name)
      if (alike !== undefined) {
        alike.add(gauge)
        continue
      }
      const all = new Set([gauge])
      this.#gauges.set(gauge.name, all)
      const read = (): Sample[] => {
        const values = [...all].map((each) => each.read())
        return [[{}, gauge.merge === 'max' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)]]
      }
      if (gauge.type === 'counter') this.#counter(gauge.name, gauge.help, [], read)
      else this.#gauge(gauge.name, gauge.help, [], read, gauge.merge)
    }
  }

  /** Everything, those of the process included, for another process to add up. */
  async snapshot(): Promise<MetricSnapshot[]> {
    return [...(await this.#registry.getMetricsAsJSON()), ...(await processMetrics().getMetricsAsJSON())]
  }

  /** The text that a scrape gets, and its content type. */
  async expose(): Promise<{ contentType: string; text: string }> {
    const own = await this.#registry.metrics()
    const process = await processMetrics().metrics()
    return { contentType: this.#registry.contentType, text: `${own}\n${process}` }
  }

  #connections(): void {
    this.#gauge('connections', 'Connections open now.', ['pipeline'], () =>
      this.#pipelines.map(({ pipeline, connections }) => [{ pipeline: pipeline.pipeline }, connections.open]),
    )
    this.#counter('connections_total', 'Connections that ended or were turned away.', ['pipeline', 'outcome'], () =>
      this.#pipelines.flatMap(({ pipeline, connections }) =>
        [...connections.outcomes].map(([outcome, count]): Sample => [{ pipeline: pipeline.pipeline, outcome }, count]),
      ),
    )
    this.#counter('bytes_total', 'Bytes between devices and gateway.', ['pipeline', 'direction'], () =>
      this.#pipelines.flatMap(({ pipeline }): Sample[] => [
        [{ pipeline: pipeline.pipeline, direction: 'up' }, pipeline.bytesUp],
        [{ pipeline: pipeline.pipeline, direction: 'down' }, pipeline.bytesDown],
      ]),
    )
  }

  #stages(): void {
    const labels = ['pipeline', 'stage', 'direction']
    const each = (read: (stage: StageMeter) => number) => () =>
      this.#pipelines.flatMap(({ pipeline }) =>
        pipeline.stages.map((stage): Sample => [stageLabels(pipeline, stage), read(stage)]),
      )
    this.#counter(
      'stage_items_total',
      'Items that entered a stage.',
      labels,
      each((stage) => stage.items),
    )
    this.#counter(
      'stage_seconds_total',
      'Time spent in the steps of a stage.',
      labels,
      each((stage) => stage.busyMs / 1000),
    )
    this.#counter(
      'stage_blocked_seconds_total',
      'Time in which a stage held back the one before it, over all connections.',
      labels,
      // What is left of sums and differences by rounding may be below zero, which a counter must not be.
      each((stage) => Math.max(0, stage.blocked.read(performance.now())) / 1000),
    )
    this.#counter('noise_bytes_total', 'Bytes between frames that belonged to none.', ['pipeline', 'stage'], () =>
      this.#pipelines.flatMap(({ pipeline }) =>
        pipeline.stages
          .filter(({ noiseBytes }) => noiseBytes > 0)
          .map(({ stage, noiseBytes }): Sample => [{ pipeline: pipeline.pipeline, stage }, noiseBytes]),
      ),
    )
    this.#counter(
      'stage_repeats_total',
      'Readings that the hub had already and were not sent again.',
      ['pipeline', 'stage'],
      () =>
        this.#pipelines.flatMap(({ pipeline }) =>
          pipeline.stages
            .filter(({ repeats }) => repeats > 0)
            .map(({ stage, repeats }): Sample => [{ pipeline: pipeline.pipeline, stage }, repeats]),
        ),
    )
    this.#counter('stage_errors_total', 'Errors of a stage.', [...labels, 'code'], () =>
      this.#pipelines.flatMap(({ pipeline }) =>
        pipeline.stages.flatMap((stage) =>
          [...stage.errors].map(([code, count]): Sample => [{ ...stageLabels(pipeline, stage), code }, count]),
        ),
      ),
    )
  }

  #messages(): void {
    this.#counter('receipts_total', 'Receipts given.', ['pipeline', 'kind', 'outcome'], () =>
      this.#pipelines.flatMap(({ pipeline }) =>
        [...pipeline.receipts].flatMap(([kind, counts]) =>
          Object.entries(counts).map(
            ([outcome, count]): Sample => [{ pipeline: pipeline.pipeline, kind, outcome }, count],
          ),
        ),
      ),
    )
    this.#gauge('in_flight_messages', 'Messages taken by the hub endpoint and not answered yet.', ['pipeline'], () =>
      this.#pipelines.map(({ pipeline }) => [{ pipeline: pipeline.pipeline }, pipeline.inFlight]),
    )
    this.#counter('dead_letters_total', 'Items set aside for good.', ['pipeline', 'code'], () =>
      this.#pipelines.flatMap(({ pipeline }) =>
        [...pipeline.deadLetters].map(([code, count]): Sample => [{ pipeline: pipeline.pipeline, code }, count]),
      ),
    )
  }

  #counter(name: string, help: string, labelNames: string[], read: () => readonly Sample[]): void {
    new Counter({
      name: `headgate_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.inc(labels, value)
      },
    })
  }

  /** `aggregator`: what becomes of it where the numbers of several workers are put together. */
  #gauge(
    name: string,
    help: string,
    labelNames: string[],
    read: () => readonly Sample[],
    aggregator: 'sum' | 'max' = 'sum',
  ): void {
    new Gauge({
      name: `headgate_${name}`,
      help,
      labelNames,
      aggregator,
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.set(labels, value)
      },
    })
  }
}

function stageLabels(pipeline: PipelineMeter, stage: StageMeter): Labels {
  return { pipeline: pipeline.pipeline, stage: stage.stage, direction: stage.direction }
}
