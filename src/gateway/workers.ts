import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { type Log, silentLog } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Admin, startAdmin } from './admin.ts'
import { DeviceOwners } from './device-owners.ts'
import type { Gateway } from './serve.ts'
import type { ServedAddress } from './worker-messages.ts'
import { WorkerMetrics } from './worker-metrics.ts'
import { WorkerProcess } from './worker-process.ts'
import { WorkerSlot } from './worker-slot.ts'

/** Options of {@link watchWorkers}. */
export interface WatchOptions {
  /** How many, 1 to 256. */
  readonly workers: number
  readonly adminPort?: number | undefined
  readonly adminHost?: string | undefined
  readonly log?: Log | undefined
}

const restartPauses = { minMs: 1000, maxMs: 30_000, steadyMs: 60_000 }

/** A spool of gigabytes is looked through before a worker listens. */
const startTimeoutMs = 600_000

/** Workers are children of the process, whoever started them: two sets of them could not be told apart by their program. */
let isWatching = false

/**
 * Runs this process's program in workers, in each of which `serve` serves, and watches over them: this process takes the connections
 * and deals them out in turn, puts the metrics together, ends older connections of a device, replaces workers that end by themselves.
 * Rejects with what the first worker that cannot start says.
 */
export async function watchWorkers(options: WatchOptions): Promise<Gateway> {
  if (cluster.isWorker) {
    throw new GatewayError(
      'CONFIGURATION',
      'serve: this process is a cluster worker already, so it cannot have workers',
    )
  }
  if (isWatching) {
    throw new GatewayError('CONFIGURATION', 'serve: this process has workers already; give one serve all pipelines')
  }
  isWatching = true
  const watch = new Watch(options)
  try {
    await watch.start()
    return watch
  } catch (error) {
    await watch.close()
    throw error
  }
}

/** The gateway as the process that watches over the workers has it. */
class Watch implements Gateway {
  readonly metrics: WorkerMetrics
  readonly #options: WatchOptions
  readonly #log: Log
  readonly #slots: readonly WorkerSlot[]
  readonly #living = new Set<WorkerProcess>()
  readonly #owners = new DeviceOwners<WorkerProcess>()
  #addresses: readonly ServedAddress[] = []
  #admin: Admin | undefined
  #draining: Promise<unknown> | undefined
  #reloading: Promise<void> = Promise.resolve()

  constructor(options: WatchOptions) {
    this.#options = options
    this.#log = options.log ?? silentLog
    this.metrics = new WorkerMetrics(this.#living)
    this.#slots = Array.from({ length: options.workers }, (_, index) => {
      const number = index + 1
      return new WorkerSlot({
        number,
        pauses: restartPauses,
        log: this.#log,
        fork: () => this.#fork(number),
        onRestart: () => {
          this.metrics.restarts++
        },
      })
    })
  }

  get address(): AddressInfo {
    return this.#addresses[0]?.address as AddressInfo
  }

  get addresses(): readonly ServedAddress[] {
    return this.#addresses
  }

  get adminAddress(): AddressInfo | undefined {
    return this.#admin?.address
  }

  /** The first worker shows whether it works at all. */
  async start(): Promise<void> {
    const { adminPort, adminHost } = this.#options
    // Whoever connects is given to the worker whose turn it is, rather than to the one that the system wakes.
    cluster.schedulingPolicy = cluster.SCHED_RR
    if (adminPort !== undefined) {
      const subject = { metrics: this.metrics, unready: () => this.#unready() }
      this.#admin = await startAdmin(subject, adminPort, adminHost)
    }
    const [first, ...others] = this.#slots
    await first?.start()
    await Promise.all(others.map((slot) => slot.start()))
  }

  async reload({ deadlineMs = 10_000 } = {}): Promise<void> {
    const before = this.#reloading
    const reloading = before.catch(() => undefined).then(() => this.#reload(deadlineMs))
    this.#reloading = reloading
    await reloading
  }

  async drain({ deadlineMs = 10_000 } = {}): Promise<void> {
    this.#draining ??= this.#end(deadlineMs)
    await this.#draining
    this.#admin?.unref()
  }

  async close(): Promise<void> {
    const drained = this.#draining
    this.#draining = this.#end(0)
    await Promise.all([drained, this.#draining])
    await this.#admin?.close()
    isWatching = false
  }

  async #reload(deadlineMs: number): Promise<void> {
    for (const slot of this.#slots) {
      if (this.#draining !== undefined) throw new GatewayError('GATEWAY_CLOSED', 'reload: the gateway drains')
      await slot.replace(deadlineMs)
    }
    this.#log.info({ workers: this.#slots.length }, 'all workers were replaced')
  }

  #end(deadlineMs: number): Promise<unknown> {
    return Promise.all(this.#slots.map((slot) => slot.end(deadlineMs)))
  }

  #fork(number: number): WorkerProcess {
    const { workers: count } = this.#options
    const worker: WorkerProcess = new WorkerProcess({
      ...{ number, count, startTimeoutMs },
      onDevices: (from, claimed, released) => {
        const notices = this.#owners.changed(from, claimed, released)
        for (const [owner, claims] of notices) owner.claimedElsewhere(claims)
      },
    })
    this.#living.add(worker)
    worker.ready.then(
      (addresses) => {
        this.#addresses = addresses
      },
      () => undefined,
    )
    void worker.gone.then(() => {
      this.#living.delete(worker)
      this.#owners.forget(worker)
      this.metrics.departed(worker)
    })
    return worker
  }

  /** Devices are welcome while one worker has room; one that does not answer has none. */
  async #unready(): Promise<string | undefined> {
    if (this.#draining !== undefined) return 'draining'
    const listening = [...this.#living].filter(({ isListening }) => isListening)
    if (listening.length === 0) return 'no worker listens'
    const answers = await Promise.all(listening.map((worker) => worker.ask('unready')))
    if (answers.includes('')) return undefined
    return answers.includes('saturated') ? 'saturated' : 'no worker answers'
  }
}
