/** What a request asked for. */
export type Operation = 'send' | 'receive' | 'settle' | 'registry' | 'control'

/** How a request ended: its HTTP status, `reset` by a fault, or `gone` when the peer left first. */
export type RequestOutcome = number | 'reset' | 'gone'

/** What the emulator has seen since it started, for tests to look at. */
export class Counters {
  #connections = 0
  #requests = new Map<Operation, Map<RequestOutcome, number>>()
  #polls = new Map<string, { now: number; peak: number }>()

  /** TLS connections accepted. */
  get connections(): number {
    return this.#connections
  }

  /** Requests of an operation that ended, all of them or those with one outcome. */
  requests(operation: Operation, outcome?: RequestOutcome): number {
    const byOutcome = this.#requests.get(operation)
    if (outcome !== undefined) return byOutcome?.get(outcome) ?? 0
    return [...(byOutcome?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  }

  /** The most polls for commands that one device ever had open at once. */
  peakPolls(deviceId: string): number {
    return this.#polls.get(deviceId)?.peak ?? 0
  }

  /** Counts a TLS connection. */
  connected(): void {
    this.#connections++
  }

  /** Counts a request that ended. */
  ended(operation: Operation, outcome: RequestOutcome): void {
    const byOutcome = this.#requests.get(operation) ?? new Map<RequestOutcome, number>()
    byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1)
    this.#requests.set(operation, byOutcome)
  }

  /** Counts a poll as open until the function it returns is called. */
  pollOpened(deviceId: string): () => void {
    const polls = this.#polls.get(deviceId) ?? { now: 0, peak: 0 }
    polls.now++
    polls.peak = Math.max(polls.peak, polls.now)
    this.#polls.set(deviceId, polls)
    return () => {
      polls.now--
    }
  }
}
