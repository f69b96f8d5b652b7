import type { Log } from '../core/connection.ts'
import type { GatewayError } from '../core/errors.ts'
import type { WorkerProcess } from './worker-process.ts'

/** Pauses before a worker that ended is replaced, milliseconds. */
export interface RestartPauses {
  /** Before the first; each time twice as long. */
  readonly minMs: number
  readonly maxMs: number
  /** A worker that has listened for so long begins at `minMs` again. */
  readonly steadyMs: number
}

/** What a {@link WorkerSlot} works with. */
export interface WorkerSlotParts {
  readonly number: number
  readonly pauses: RestartPauses
  readonly log: Log
  readonly fork: () => WorkerProcess
  /** One was started in the place of one that ended by itself. */
  readonly onRestart: () => void
}

/** How often a first process is started in vain where it needs what another one holds, and how long after one another. */
const heldAttempts = 16
const heldPauseMs = 1000

/** Keeps one number of a gateway's workers served: replaces the process that has it when that ends by itself, and when it is asked to. */
export class WorkerSlot {
  readonly #parts: WorkerSlotParts
  /** Of this number, also those that are starting or finishing. */
  readonly #processes = new Set<WorkerProcess>()
  #current: WorkerProcess | undefined
  #listeningSince = 0
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  /** A process is being started in the place of the current one: nothing else need be. */
  #isReplacing = false
  #restarting: Promise<void> | undefined
  #hasEnded = false

  constructor(parts: WorkerSlotParts) {
    this.#parts = parts
  }

  /**
   * Starts the first process. Rejects with why it does not listen; nothing is tried again then, but for a quarter of a minute where it needs
   * what another process holds: where the gateway before was killed, its workers may still be finishing.
   */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const process = this.#fork()
      try {
        await process.ready
        this.#adopt(process)
        return
      } catch (thrown) {
        if (!needsWhatIsHeld(thrown) || attempt >= heldAttempts || this.#hasEnded) throw thrown
        const { number, log } = this.#parts
        log.warn({ worker: number, error: (thrown as Error).message }, 'a worker waits for what another process holds')
        await new Promise<void>((resolve) => setTimeout(resolve, heldPauseMs))
      }
    }
  }

  /**
   * Starts another process and, once it listens, lets the old one finish within so many milliseconds. Rejects with why the new one does not
   * listen; the old one goes on then. Where the new one needs what the old one holds, such as the directory of a spool, the old one
   * finishes first, after the new one has got as far as that.
   */
  async replace(deadlineMs: number): Promise<void> {
    await this.#restarting
    clearTimeout(this.#timer)
    this.#isReplacing = true
    try {
      await this.#replaceWith(this.#fork(), deadlineMs)
    } finally {
      this.#isReplacing = false
      if (this.#current === undefined) this.#restartLater()
    }
  }

  /** Lets all of this number finish within so many milliseconds, and starts nothing any more. Resolves when they have ended. */
  async end(deadlineMs: number): Promise<void> {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    await Promise.all([...this.#processes].map((process) => process.end(deadlineMs)))
  }

  async #replaceWith(next: WorkerProcess, deadlineMs: number): Promise<void> {
    const old = this.#current
    try {
      await next.ready
    } catch (thrown) {
      if (old === undefined || this.#hasEnded || !needsWhatIsHeld(thrown)) throw thrown
      await old.end(deadlineMs)
      const second = this.#fork()
      await second.ready
      this.#adopt(second)
      return
    }
    this.#adopt(next)
    await old?.end(deadlineMs)
  }

  #fork(): WorkerProcess {
    const process = this.#parts.fork()
    this.#processes.add(process)
    void process.gone.then(() => {
      this.#processes.delete(process)
      if (this.#current === process) this.#lost(process)
    })
    if (this.#hasEnded) void process.end(0)
    return process
  }

  #adopt(process: WorkerProcess): void {
    this.#current = process
    this.#listeningSince = performance.now()
    const { number, log } = this.#parts
    log.info({ worker: number, pid: process.pid }, 'a worker listens')
    if (!this.#processes.has(process)) this.#lost(process)
  }

  #lost(process: WorkerProcess): void {
    this.#current = undefined
    if (process.isTold || this.#hasEnded) return
    const { number, log, pauses } = this.#parts
    if (performance.now() - this.#listeningSince >= pauses.steadyMs) this.#failures = 0
    log.error({ worker: number, ending: process.ending }, 'a worker ended by itself')
    if (!this.#isReplacing) this.#restartLater()
  }

  #restartLater(): void {
    if (this.#hasEnded) return
    const { minMs, maxMs } = this.#parts.pauses
    const pauseMs = Math.min(maxMs, minMs * 2 ** Math.min(this.#failures++, 30))
    this.#timer = setTimeout(() => {
      this.#restarting = this.#restart()
    }, pauseMs)
  }

  async #restart(): Promise<void> {
    this.#parts.onRestart()
    const process = this.#fork()
    try {
      await process.ready
      this.#adopt(process)
    } catch (thrown) {
      if (this.#hasEnded) return
      const { number, log } = this.#parts
      log.error({ worker: number, error: (thrown as Error).message }, 'a worker could not be started again')
      this.#restartLater()
    }
  }
}

/** Another process has what it needs, and that one may be its predecessor. */
function needsWhatIsHeld(thrown: unknown): boolean {
  const { code, retryable } = thrown as GatewayError
  return code === 'CONFIGURATION' && retryable === true
}
