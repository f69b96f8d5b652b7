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
  /** Who has rested and waits, in the order of asking. */
  readonly #queue = new Set<PollTurn>()
  #timer: NodeJS.Timeout | undefined
  #nextAt = 0

  constructor(options: PollScheduleOptions, random: () => number = Math.random) {
    this.#spacingMs = 1000 / options.pollsPerSecond
    this.#intervalMs = options.intervalMs
    this.#random = random
  }

  /** A session asks for its turn to poll. `rested` is true unless its last poll found something: then more may wait. */
  turn(rested: boolean): PollTurn {
    // A tenth of jitter keeps devices that connected together from polling together for ever.
    return new PollTurn(this, rested ? this.#intervalMs * (1 + this.#random() / 10) : 0)
  }

  /** Called by a turn whose session has rested. */
  enter(turn: PollTurn): void {
    // Turns that nobody asked for are not saved up.
    if (this.#queue.size === 0) this.#nextAt = Math.max(this.#nextAt, performance.now())
    this.#queue.add(turn)
    this.#giveTurns()
  }

  /** Called by a turn that is given up. */
  leave(turn: PollTurn): void {
    if (this.#queue.delete(turn)) this.#giveTurns()
  }

  /** The hub asked for a pause: nobody polls before it is over. A pause of more than five minutes is taken for a mistake. */
  pause(pauseMs: number): void {
    this.#nextAt = Math.max(this.#nextAt, performance.now() + Math.min(pauseMs, longestPauseMs))
  }

  /** Gives the turns that are due, and comes back for the next. */
  #giveTurns(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    for (const turn of this.#queue) {
      if (this.#nextAt > now) break
      this.#queue.delete(turn)
      this.#nextAt += this.#spacingMs
      turn.take()
    }
    if (this.#queue.size > 0) this.#timer = setTimeout(() => this.#giveTurns(), Math.ceil(this.#nextAt - now))
  }
}

/** One session's wait for its turn to poll. Thousands of them wait at any time, so that it is but a timer and a promise. */
export class PollTurn {
  /** Resolves when the session may poll, or when it has left. */
  readonly over: Promise<void>
  readonly #schedule: PollSchedule
  readonly #rest: NodeJS.Timeout | undefined
  #end: () => void = () => {}

  /** Called by {@link PollSchedule.turn}. */
  constructor(schedule: PollSchedule, restMs: number) {
    this.#schedule = schedule
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
    if (restMs > 0) this.#rest = setTimeout(endRest, restMs, this)
    else this.ask()
  }

  /** Its session has rested. */
  ask(): void {
    this.#schedule.enter(this)
  }

  /** It is its turn. */
  take(): void {
    this.#end()
  }

  /** The session does not want to poll any more. */
  leave(): void {
    clearTimeout(this.#rest)
    this.#schedule.leave(this)
    this.#end()
  }
}

function endRest(turn: PollTurn): void {
  turn.ask()
}
