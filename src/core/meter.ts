import type { ErrorCode } from './errors.ts'
import type { Outcome } from './items.ts'

/** Which lane a stage half works in. */
export type Direction = 'up' | 'down'

/** Adds up the time that any number of connections spend in one state, readable at any moment without visiting them. */
export class Stopwatch {
  #total = 0
  #running = 0
  #startedSum = 0

  start(now: number): void {
    this.#running++
    this.#startedSum += now
  }

  /** `startedAt` is the `now` given to the matching start. */
  stop(now: number, startedAt: number): void {
    this.#running--
    this.#startedSum -= startedAt
    this.#total += now - startedAt
  }

  /** Milliseconds so far, those still running included. */
  read(now: number): number {
    return this.#total + this.#running * now - this.#startedSum
  }
}

/** Counts of one stage half over all connections of a pipeline, in plain numbers: nothing is hashed on the hot path. */
export class StageMeter {
  readonly stage: string
  readonly direction: Direction
  /** Items that entered the half. */
  items = 0
  /** Milliseconds spent inside a step half; stays 0 for halves that are Node streams, whose time cannot be told apart. */
  busyMs = 0
  /** Bytes between frames that belonged to none; deframers only. */
  noiseBytes = 0
  /** Readings that were not sent on because the hub has them; `dedupe` only. */
  repeats = 0
  readonly errors = new Map<ErrorCode, number>()
  /** Time in which this half held back the one before it. */
  readonly blocked = new Stopwatch()

  constructor(stage: string, direction: Direction) {
    this.stage = stage
    this.direction = direction
  }
}

/** Receives what hub sessions measure, one call a request. Durations in seconds. */
export interface HubMeter {
  /** A request to the hub ended. `outcome` is `ok` or an error code. */
  request(operation: string, outcome: string, seconds: number): void
  /** A batch of so many messages was accepted, costing so many 4 KB quota meters. */
  accepted(messages: number, billable: number): void
  /** The hub answered 429. */
  throttled(): void
}

/** A number that a hub or a dead-letter sink keeps of itself, exported without labels. */
export interface Gauge {
  /** Without the prefix, such as `spool_bytes`; a counter's ends in `_total`. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  /** How several hubs' numbers of this name become one; default `sum`. */
  readonly merge?: 'sum' | 'max'
  read(): number
}

/** A HubMeter that measures nothing. */
export const unmeteredHub: HubMeter = { request() {}, accepted() {}, throttled() {} }

/** Counts of one pipeline over all its connections; the gateway's metrics read it at every scrape. */
export class PipelineMeter {
  readonly pipeline: string
  readonly hub: HubMeter
  readonly stages: StageMeter[] = []
  /** By what they answer (`hello`, `telemetry`, `report`, `command`), then by outcome. */
  readonly receipts = new Map<string, Record<Outcome, number>>()
  readonly deadLetters = new Map<ErrorCode, number>()
  /** Messages given to the hub session and not yet answered. */
  inFlight = 0
  bytesUp = 0
  bytesDown = 0

  constructor(pipeline: string, hub: HubMeter = unmeteredHub) {
    this.pipeline = pipeline
    this.hub = hub
  }

  /** The meter of a stage half; made on first use. */
  stage(stage: string, direction: Direction): StageMeter {
    let meter = this.stages.find((each) => each.stage === stage && each.direction === direction)
    if (meter === undefined) {
      meter = new StageMeter(stage, direction)
      this.stages.push(meter)
    }
    return meter
  }

  /** Counts receipts that are alike. */
  countReceipt(kind: string, outcome: Outcome, receipts = 1): void {
    if (receipts === 0) return
    let counts = this.receipts.get(kind)
    if (counts === undefined) {
      counts = { complete: 0, abandon: 0, reject: 0 }
      this.receipts.set(kind, counts)
    }
    counts[outcome] += receipts
  }
}

/** Adds one to a count by key. */
export function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** True for 1, 2, 4, 8, …: what may happen without end is told in the log at these counts, so that it cannot fill a disk. */
export function isPowerOfTwo(count: number): boolean {
  return count > 0 && Number.isInteger(Math.log2(count))
}
