import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client'
import type { ExposedMetrics } from './metrics.ts'

/** A worker that does not answer in time is left out of a scrape: it is busy, or about to die. */
const answerMs = 2000

/** A scrape that waits for its workers. */
interface Scrape {
  readonly missing: Set<number>
  readonly measured: (readonly object[])[]
  readonly complete: () => void
}

/**
 * What the workers of a gateway measure, added up by prom-client, and how many there are. Asked by messages of our own: prom-client's would also wait
 * for workers that are still starting.
 */
export class WorkerMetrics implements ExposedMetrics {
  readonly restarts: Counter
  readonly #own = new Registry()
  readonly #ask: (id: number) => readonly number[]
  readonly #scrapes = new Map<number, Scrape>()
  #asked = 0
  #listening = 0

  /** `ask` asks every worker that listens, with the number of the scrape, and says which those are. */
  constructor(ask: (id: number) => readonly number[]) {
    this.#ask = ask
    const registers = [this.#own]
    const listening = () => this.#listening
    new Gauge({
      name: 'headgate_workers',
      help: 'Workers that listen.',
      registers,
      collect() {
        this.set(listening())
      },
    })
    const help = 'Workers that had died and were replaced.'
    this.restarts = new Counter({ name: 'headgate_worker_restarts_total', help, registers })
  }

  async expose(): Promise<{ contentType: string; text: string }> {
    const workers = await AggregatorRegistry.aggregate(await this.#measure()).metrics()
    return { contentType: this.#own.contentType, text: `${workers}\n${await this.#own.metrics()}` }
  }

  /** A worker has answered. */
  measured(worker: number, id: number, metrics: readonly object[]): void {
    const scrape = this.#scrapes.get(id)
    if (scrape === undefined) return
    scrape.measured.push(metrics)
    scrape.missing.delete(worker)
    if (scrape.missing.size === 0) scrape.complete()
  }

  /** A worker is no more: no scrape waits for it. */
  gone(worker: number): void {
    for (const scrape of this.#scrapes.values()) {
      scrape.missing.delete(worker)
      if (scrape.missing.size === 0) scrape.complete()
    }
  }

  async #measure(): Promise<object[][]> {
    const id = ++this.#asked
    const measured: (readonly object[])[] = []
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, answerMs)
      const missing = new Set<number>()
      this.#scrapes.set(id, { missing, measured, complete: resolve })
      const asked = this.#ask(id)
      this.#listening = asked.length
      for (const worker of asked) missing.add(worker)
      if (asked.length === 0) resolve()
    })
    clearTimeout(timer)
    this.#scrapes.delete(id)
    return measured as object[][]
  }
}
