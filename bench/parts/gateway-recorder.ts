import type { Exposition } from '../../src/gateway/metrics.ts'

/** What a gateway saw of itself, a value a sample. */
export interface Recorded {
  /** When it was sampled, milliseconds of `Date.now()`, which processes share. */
  readonly at: readonly number[]
  /** Readings received from devices so far. */
  readonly received: readonly number[]
  /** Readings acknowledged so far. */
  readonly acknowledged: readonly number[]
  /** Messages that the endpoint has taken and not answered. */
  readonly inFlight: readonly number[]
  readonly rssMiB: readonly number[]
}

/** Samples a gateway's metrics, as a scrape sees them, and its memory. */
export class GatewayRecorder {
  readonly #metrics: Exposition
  readonly #recorded = { at: [], received: [], acknowledged: [], inFlight: [], rssMiB: [] } as {
    [name in keyof Recorded]: number[]
  }
  #timer: NodeJS.Timeout | undefined

  constructor(metrics: Exposition) {
    this.#metrics = metrics
  }

  /** Samples at once, then every so many milliseconds. */
  start(everyMs: number): void {
    void this.#sample()
    this.#timer = setInterval(() => void this.#sample(), everyMs)
  }

  stop(): Recorded {
    clearInterval(this.#timer)
    return this.#recorded
  }

  async #sample(): Promise<void> {
    const { text } = await this.#metrics.expose()
    this.#recorded.at.push(Date.now())
    this.#recorded.received.push(sumOf(text, 'headgate_stage_items_total', 'stage="json"', 'direction="up"'))
    this.#recorded.acknowledged.push(sumOf(text, 'headgate_receipts_total', 'kind="telemetry"', 'outcome="complete"'))
    this.#recorded.inFlight.push(sumOf(text, 'headgate_in_flight_messages'))
    this.#recorded.rssMiB.push(process.memoryUsage.rss() / 2 ** 20)
  }
}

/** The sum of all samples of a metric that have these labels. */
function sumOf(text: string, name: string, ...labels: readonly string[]): number {
  let sum = 0
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`) || !labels.every((label) => line.includes(label))) continue
    sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}
