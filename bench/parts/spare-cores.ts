import { cpus } from 'node:os'

/** Measures how much of this machine nobody used from `start` to `stop`, in cores. */
export class SpareCores {
  #idleMs = idleMs()
  #startedAt = performance.now()

  start(): void {
    this.#idleMs = idleMs()
    this.#startedAt = performance.now()
  }

  stop(): number {
    return (idleMs() - this.#idleMs) / (performance.now() - this.#startedAt)
  }
}

function idleMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0)
}
