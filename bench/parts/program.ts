import { type ChildProcess, spawn } from 'node:child_process'
import { type ProcessUsage, processUsage, resetPeakMemory } from './process-usage.ts'

/** What a program has used between two moments. */
export interface ProgramUsage extends ProcessUsage {
  readonly wallMs: number
}

/** How much of what it printed is kept, for the error that may come. */
const lastWordsLength = 4096

/**
 * A program that is no part of this project, measured from outside. It ends with this process; when it ends before, this process fails with
 * its last words.
 */
export class Program {
  readonly #command: string
  readonly #child: ChildProcess
  #lastWords = ''
  #heard: ((words: string) => void) | undefined
  #cpuUs = 0
  #startedAt = 0

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#command = command
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    }
    // Before its directory is removed, which other listeners do.
    process.prependOnceListener('exit', () => this.#child.kill('SIGKILL'))
    // After its output has been read.
    this.#child.once('close', (code, signal) => {
      throw new Error(`${command} ended (${signal ?? code}): ${this.#lastWords}`)
    })
  }

  /** Resolves when it has printed that. */
  printed(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = (words) => {
        if (pattern.test(words)) resolve()
      }
      this.#heard(this.#lastWords)
    })
  }

  start(): void {
    this.#cpuUs = this.#usage().cpuUs
    resetPeakMemory(this.#pid)
    this.#startedAt = performance.now()
  }

  stop(): ProgramUsage {
    const { cpuUs, maxRssKiB } = this.#usage()
    return { cpuUs: cpuUs - this.#cpuUs, maxRssKiB, wallMs: performance.now() - this.#startedAt }
  }

  get #pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#command} has not started`)
    return this.#child.pid
  }

  #usage(): ProcessUsage {
    return processUsage(this.#pid)
  }

  #hear(text: string): void {
    this.#lastWords = (this.#lastWords + text).slice(-lastWordsLength)
    this.#heard?.(this.#lastWords)
  }
}
