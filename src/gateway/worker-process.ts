import type { ChildProcess } from 'node:child_process'
import cluster, { type Worker } from 'node:cluster'
import { GatewayError } from '../core/errors.ts'
import type { MetricSnapshot } from './process-metrics.ts'
import {
  type DeviceClaim,
  type FromWorker,
  isWord,
  type ServedAddress,
  type ToWorker,
  unpackFailure,
} from './worker-messages.ts'

/** What a {@link WorkerProcess} is started with. */
export interface WorkerProcessParts {
  /** Its number, from 1 to `count`. */
  readonly number: number
  readonly count: number
  /** It may take so long until it listens, in milliseconds, then it is killed. */
  readonly startTimeoutMs: number
  readonly onDevices: (from: WorkerProcess, claimed: readonly DeviceClaim[], released: readonly DeviceClaim[]) => void
}

/** How long a worker may take for an answer, after which the answer is that there is none. */
const answerTimeoutMs = 2000

/** How long a worker that could not start may take to end. */
const failedMs = 1000

/** How long a worker may take to end when its connections have: stores are closed then. After that it is killed. */
const closingMs = 20_000

/** One worker as the process that watches over it sees it, from its start to its end. */
export class WorkerProcess {
  readonly number: number
  /** Resolves with where it listens. Rejects with why it does not. */
  readonly ready: Promise<readonly ServedAddress[]>
  /** Resolves when it has ended and all that it said is heard. */
  readonly gone: Promise<void>
  readonly #worker: Worker
  readonly #parts: WorkerProcessParts
  readonly #questions = new Map<number, (answer: unknown) => void>()
  #asked = 0
  #failure: Error | undefined
  #listen: (addresses: readonly ServedAddress[]) => void = () => undefined
  #killTimer: NodeJS.Timeout | undefined
  #isTold = false
  #isListening = false
  #hasEnded = false
  #hasSaidLast = false
  /** The last that it has told of its metrics. */
  metrics: readonly MetricSnapshot[] = []

  constructor(parts: WorkerProcessParts) {
    this.#parts = parts
    this.number = parts.number
    const { number, count } = parts
    this.#worker = cluster.fork({ HEADGATE_WORKER: String(number), HEADGATE_WORKERS: String(count) })
    this.#worker.on('message', (message: unknown) => {
      if (isWord(message)) this.#hear(message as FromWorker)
    })
    this.gone = this.#ended()
    this.ready = this.#started()
    // Whoever starts it asks; who only ends it need not.
    this.ready.catch(() => undefined)
  }

  /** True once it was told to end: that it ends is no crash. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** True while it takes connections. */
  get isListening(): boolean {
    return this.#isListening && !this.#isTold && !this.#hasEnded
  }

  /** True once it has finished and told what it has counted in all. */
  get hasSaidLast(): boolean {
    return this.#hasSaidLast
  }

  /** How it ended, in words. */
  get ending(): string {
    const { exitCode, signalCode } = this.#worker.process
    return signalCode === null ? `code ${exitCode}` : `signal ${signalCode}`
  }

  get pid(): number | undefined {
    return this.#worker.process.pid
  }

  /** What it answers; undefined where it does not within two seconds, or has ended. */
  ask(about: 'metrics' | 'unready'): Promise<unknown> {
    const id = ++this.#asked
    return new Promise((resolve) => {
      const answered = (value: unknown) => {
        clearTimeout(timer)
        this.#questions.delete(id)
        resolve(value)
      }
      const timer = setTimeout(() => answered(undefined), answerTimeoutMs)
      this.#questions.set(id, answered)
      if (!this.#say({ headgate: 'ask', id, about })) answered(undefined)
    })
  }

  /** Tells it of devices that have newer connections elsewhere. */
  claimedElsewhere(claims: readonly DeviceClaim[]): void {
    this.#say({ headgate: 'claimed elsewhere', claims })
  }

  /** Lets it finish within so many milliseconds; said again with less, that holds. Resolves when it has ended. */
  async end(deadlineMs: number): Promise<void> {
    if (this.#hasEnded) return
    this.#isTold = true
    if (this.#isListening && this.#say({ headgate: 'end', deadlineMs })) {
      clearTimeout(this.#killTimer)
      this.#killTimer = setTimeout(() => this.#worker.process.kill('SIGKILL'), deadlineMs + closingMs)
    } else this.#worker.process.kill('SIGKILL')
    await this.gone
  }

  #say(word: ToWorker): boolean {
    if (!this.#worker.isConnected()) return false
    // What breaks the channel ends the worker, and that is heard.
    this.#worker.send(word, (error) => error)
    return true
  }

  #hear(word: FromWorker): void {
    if (word.headgate === 'listening') this.#listen(word.addresses)
    else if (word.headgate === 'failed') {
      this.#failure = unpackFailure(word.failure)
      // Its program may have other things to do, and is of no use.
      this.#killTimer = setTimeout(() => this.#worker.process.kill('SIGKILL'), failedMs)
    } else if (word.headgate === 'answer') this.#questions.get(word.id)?.(word.value)
    else if (word.headgate === 'counted') {
      this.metrics = word.metrics
      this.#hasSaidLast = true
    } else if (word.headgate === 'devices') this.#parts.onDevices(this, word.claimed, word.released)
  }

  async #ended(): Promise<void> {
    const { process: child } = this.#worker
    const failed = new Promise<void>((resolve) => {
      // A process that could not be started has no exit.
      child.once('error', (error) => {
        this.#failure ??= error
        if (child.pid === undefined) resolve()
      })
    })
    // The exit may be told before the last that it said.
    await Promise.race([Promise.all([event(child, 'exit'), event(child, 'disconnect')]), failed])
    this.#hasEnded = true
    clearTimeout(this.#killTimer)
    for (const answered of [...this.#questions.values()]) answered(undefined)
  }

  async #started(): Promise<readonly ServedAddress[]> {
    const { number, startTimeoutMs } = this.#parts
    const timer = setTimeout(() => {
      this.#failure ??= new GatewayError('CONFIGURATION', `worker ${number} did not listen within ${startTimeoutMs} ms`)
      this.#worker.process.kill('SIGKILL')
    }, startTimeoutMs)
    const listening = new Promise<readonly ServedAddress[]>((resolve) => {
      this.#listen = resolve
    })
    const addresses = await Promise.race([listening, this.gone])
    clearTimeout(timer)
    if (addresses === undefined) {
      throw (
        this.#failure ??
        new GatewayError('CONFIGURATION', `worker ${number} ended with ${this.ending} before it listened`)
      )
    }
    this.#isListening = true
    return addresses
  }
}

function event(child: ChildProcess, name: 'exit' | 'disconnect'): Promise<void> {
  return new Promise((resolve) => child.once(name, () => resolve()))
}
