import { setTimeout as delay } from 'node:timers/promises'

/** Options of {@link PollSchedule}. */
export interface PollScheduleOptions {
  /** Polls a second that all sessions of a hub share. IoT Hub allows 1000 a minute and S1 unit. */
  readonly pollsPerSecond: number
  /** How long a session waits after a poll that found nothing, before it may take its turn again. */
  readonly intervalMs: number
}

/**
 * Shares out the hub's allowance for polls: a session waits its own interval, then for its turn among all. Turns are given
 * in the order of asking, so with more devices than the allowance serves at once every device waits alike.
 */
export class PollSchedule {
  readonly #spacingMs: number
  readonly #intervalMs: number
  readonly #random: () => number
  #nextAt = 0

  constructor(options: PollScheduleOptions, random: () => number = Math.random) {
    this.#spacingMs = 1000 / options.pollsPerSecond
    this.#intervalMs = options.intervalMs
    this.#random = random
  }

  /**
   * Resolves when the session may poll. `rested` is false right after a poll that found something: more may wait. Rejects
   * with an AbortError when the signal fires.
   */
  async turn(rested: boolean, signal: AbortSignal): Promise<void> {
    // A tenth of jitter keeps devices that connected together from polling together for ever.
    if (rested) await delay(this.#intervalMs * (0.95 + this.#random() / 10), undefined, { signal })
    const now = performance.now()
    const at = Math.max(now, this.#nextAt)
    this.#nextAt = at + this.#spacingMs
    if (at > now) await delay(at - now, undefined, { signal })
  }

  /** The hub asked for a pause: nobody polls before it is over. */
  pause(pauseMs: number): void {
    this.#nextAt = Math.max(this.#nextAt, performance.now() + pauseMs)
  }
}
