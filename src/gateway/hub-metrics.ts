import { Counter, type Registry } from 'prom-client'
import type { HubMeter } from '../core/meter.ts'
import { HeldHistogram } from './held-histogram.ts'

/** Counts of what the hub answered to one pipeline. */
interface Answered {
  throttled: number
  billable: number
}

/** What is measured at the hub's edge, by pipeline. Pipelines of one name are counted together. */
export class HubMetrics {
  readonly #answered = new Map<string, Answered>()
  readonly #requests: HeldHistogram<'pipeline' | 'operation' | 'outcome'>
  readonly #batches: HeldHistogram<'pipeline'>

  /** `registry` is what a scrape asks. */
  constructor(registry: Registry) {
    const registers = [registry]
    this.#requests = new HeldHistogram({
      name: 'headgate_hub_request_seconds',
      help: 'Duration of requests to the hub.',
      labelNames: ['pipeline', 'operation', 'outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    })
    this.#batches = new HeldHistogram({
      name: 'headgate_hub_batch_messages',
      help: 'Messages in a batch that the hub accepted.',
      labelNames: ['pipeline'],
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    })
    this.#counter(registry, 'headgate_hub_throttled_total', 'Answers 429 of the hub.', 'throttled')
    const billable = 'Quota blocks of 4 KB that accepted messages cost.'
    this.#counter(registry, 'headgate_hub_billable_messages_total', billable, 'billable')
  }

  /** What the hub's sessions of a pipeline report to. */
  meter(pipeline: string): HubMeter {
    const answered = this.#answered.get(pipeline) ?? { throttled: 0, billable: 0 }
    this.#answered.set(pipeline, answered)
    const requests = this.#requests
    const batches = this.#batches
    const labels = { pipeline }
    return {
      request: (operation, outcome, seconds) => requests.observe({ pipeline, operation, outcome }, seconds),
      accepted(messages, blocks) {
        batches.observe(labels, messages)
        answered.billable += blocks
      },
      throttled() {
        answered.throttled++
      },
    }
  }

  #counter(registry: Registry, name: string, help: string, of: keyof Answered): void {
    const answered = this.#answered
    new Counter({
      name,
      help,
      labelNames: ['pipeline'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [pipeline, counts] of answered) this.inc({ pipeline }, counts[of])
      },
    })
  }
}
