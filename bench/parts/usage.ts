/** What a process has used between two moments. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuUs: number
  readonly wallMs: number
}

/** Measures this process from `start` to `stop`. */
export class UsageClock {
  #cpu = process.cpuUsage()
  #startedAt = performance.now()

  start(): void {
    this.#cpu = process.cpuUsage()
    this.#startedAt = performance.now()
  }

  stop(): Usage {
    const wallMs = performance.now() - this.#startedAt
    const { user, system } = process.cpuUsage(this.#cpu)
    return { cpuUs: user + system, wallMs }
  }
}

/** The figures of work that is told in messages. */
export interface MessageFigures {
  readonly cpuUsPerMessage: number
  readonly messagesPerSecond: number
}

/** What a message cost and how many came through. */
export function messageFigures({ cpuUs, wallMs }: Usage, messages: number): MessageFigures {
  return { cpuUsPerMessage: cpuUs / messages, messagesPerSecond: (messages / wallMs) * 1000 }
}
