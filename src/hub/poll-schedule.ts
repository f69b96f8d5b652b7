import { setTimeout as delay } from 'node:timers/promises'

/** Options of {@link PollSchedule}. */
export interface PollScheduleOptions {
  /** Polls a second that all sessions of a hub share. IoT Hub allows 1000 a minute and S1 unit. */
  readonly pollsPerSecond: number
  /** How long a session waits after a poll that found nothing, before it may take its turn again. */
  readonly intervalMs: number
}

const longestPauseMs = 300_000

/**
 * Shares out the hub's allowance for polls: a session waits its own interval, then for its turn among all. Turns are given
 * in the order of asking, so with more devices than the allowance serves at once every device waits alike. Who leaves
 * the queue makes room for those behind.
 */
export class PollSchedule {
  readonly #spacingMs: number
  readonly #intervalMs: number
  readonly #random: () => number
  /** Who waits for a turn, in the order of asking. */
  readonly #queue = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
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
    if (rested) await delay(this.#intervalMs * (1 + this.#random() / 10), undefined, { signal })
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#queue.delete(take)
        this.#giveTurns()
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      // Turns that nobody asked for are not saved up.
      if (this.#queue.size === 0) this.#nextAt = Math.max(this.#nextAt, performance.now())
      this.#queue.add(take)
      this.#giveTurns()
    })
  }

  /** The hub asked for a pause: nobody polls before it is over. A pause of more than five minutes is taken for a mistake. */
  pause(pauseMs: number): void {
    this.#nextAt = Math.max(this.#nextAt, performance.now() + Math.min(pauseMs, longestPauseMs))
  }

  /** Gives the turns that are due, and comes back for the next. */
  #giveTurns(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    for (const take of this.#queue) {
      if (this.#nextAt > now) break
      this.#queue.delete(take)
      this.#nextAt += this.#spacingMs
      take()
    }
    if (this.#queue.size > 0) this.#timer = setTimeout(() => this.#giveTurns(), Math.ceil(this.#nextAt - now))
  }
}
