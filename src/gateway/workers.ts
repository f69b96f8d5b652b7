// Over 250 lines would hide it: starting, replacing and ending workers take turns on one state.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { Log } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Admin, startAdmin } from './admin.ts'
import type { ExposedMetrics } from './metrics.ts'
import type { Gateway } from './serve.ts'
import { type DeviceChange, type FromWorker, isOurs, type ListeningAddress, type ToWorker } from './worker-messages.ts'
import { WorkerMetrics } from './worker-metrics.ts'

/** What the primary needs to know. */
export interface SupervisorOptions {
  readonly workers: number
  readonly adminPort: number | undefined
  readonly adminHost: string | undefined
  readonly log: Log
}

/** How long a worker that has died waits for its successor, doubled each time it dies again at once. */
const shortestPauseMs = 1000
const longestPauseMs = 30_000

/** A worker that lived so long died of something else than its start. */
const aliveMs = 60_000

/** After its deadline a worker that drains is killed. */
const graceMs = 5000

/** A place for a worker: whoever has it has its number. */
interface Post {
  readonly number: number
  worker: Worker | undefined
  listening: boolean
  startedAt: number
  /** How often in a row it has died soon. */
  deaths: number
  restart: NodeJS.Timeout | undefined
}

/**
 * Starts the workers of a gateway and stands in for them: rejects where the first of them cannot start. Each runs this same program, and its
 * call of `serve` there is what serves.
 */
export async function superviseWorkers(options: SupervisorOptions): Promise<Gateway> {
  const supervisor = new Supervisor(options)
  try {
    await supervisor.start()
  } catch (thrown) {
    await supervisor.close()
    throw thrown
  }
  return supervisor
}

class Supervisor implements Gateway {
  readonly #options: SupervisorOptions
  readonly #posts: readonly Post[]
  readonly #metrics: WorkerMetrics
  /** Which worker has a device, by `pipeline/device`. */
  readonly #devices = new Map<string, { readonly worker: number; readonly since: number }>()
  #addresses: readonly ListeningAddress[] = []
  #admin: Admin | undefined
  #draining: Promise<void> | undefined
  #reloading: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#posts = Array.from({ length: options.workers }, (_, index) => ({
      number: index + 1,
      worker: undefined,
      listening: false,
      startedAt: 0,
      deaths: 0,
      restart: undefined,
    }))
    this.#metrics = new WorkerMetrics((id) => {
      const asked = this.#posts.filter(({ listening }) => listening)
      for (const { worker } of asked) if (worker !== undefined) send(worker, { headgate: 'measure', id })
      return asked.map(({ number }) => number)
    })
  }

  get address() {
    return this.#addresses[0]?.address as Gateway['address']
  }

  get addresses(): readonly ListeningAddress[] {
    return this.#addresses
  }

  get adminAddress() {
    return this.#admin?.address
  }

  get metrics(): ExposedMetrics {
    return this.#metrics
  }

  async start(): Promise<void> {
    // The first alone: where the system chooses ports, the others get the same.
    for (const post of this.#posts) await this.#fork(post)
    const { adminPort, adminHost } = this.#options
    if (adminPort === undefined) return
    const unready = () => {
      if (this.#draining !== undefined) return 'draining'
      return this.#posts.some(({ listening }) => listening) ? undefined : 'no worker listens'
    }
    this.#admin = await startAdmin({ metrics: this.#metrics, unready }, adminPort, adminHost)
  }

  /** One after the other ends in an orderly way and is replaced; those that are left serve meanwhile. */
  readonly reload = (): Promise<void> => {
    this.#reloading ??= this.#reloadAll().finally(() => {
      this.#reloading = undefined
    })
    return this.#reloading
  }

  async drain({ deadlineMs = 10_000 } = {}): Promise<void> {
    this.#draining ??= Promise.all(
      this.#posts.map((post) => {
        clearTimeout(post.restart)
        return this.#end(post, deadlineMs)
      }),
    ).then(() => undefined)
    await this.#draining
    this.#admin?.unref()
  }

  async close(): Promise<void> {
    await this.drain({ deadlineMs: 0 })
    await this.#admin?.close()
  }

  async #reloadAll(): Promise<void> {
    for (const post of this.#posts) {
      if (this.#draining !== undefined) return
      clearTimeout(post.restart)
      await this.#end(post, reloadDrainMs)
      if (this.#draining !== undefined) return
      try {
        await this.#fork(post)
      } catch (thrown) {
        // The others still run what worked; this one is tried again.
        this.#forget(post)
        this.#replace(post)
        throw thrown
      }
    }
  }

  /** Resolves when the worker listens. Rejects with what it could not start for. */
  async #fork(post: Post): Promise<void> {
    const { workers, log } = this.#options
    const worker = cluster.fork({ HEADGATE_WORKER: String(post.number), HEADGATE_WORKERS: String(workers) })
    post.worker = worker
    post.startedAt = performance.now()
    let failure: GatewayError | undefined
    const listening = new Promise<void>((resolve, reject) => {
      worker.on('message', (message) => {
        if (!isOurs(message)) return
        const said = message as FromWorker
        if (said.headgate === 'failed') {
          failure = workerFailure(said)
          // It has nothing left to say, and its channel would keep it.
          worker.process.kill('SIGKILL')
        } else if (said.headgate === 'measured') this.#metrics.measured(post.number, said.id, said.metrics)
        else if (said.headgate === 'devices') this.#noteDevices(post, said.changes)
        else {
          this.#addresses = said.addresses
          post.listening = true
          resolve()
        }
      })
      worker.once('exit', (code, signal) => {
        if (post.worker === worker) this.#lost(post, signal ?? `code ${code}`)
        const words = `worker ${post.number} ended (${signal ?? code}) before it listened`
        reject(failure ?? new GatewayError('WORKER_FAILED', words))
      })
    })
    await listening
    log.info({ worker: post.number, pid: worker.process.pid }, 'worker listens')
  }

  /** A worker has ended that nobody asked to. */
  #lost(post: Post, how: string): void {
    const { log } = this.#options
    const hadListened = post.listening
    this.#forget(post)
    // One that never came up is its starter's business.
    if (!hadListened) return
    this.#replace(post)
    log.error({ worker: post.number, ended: how, deaths: post.deaths }, 'a worker died')
  }

  #replace(post: Post): void {
    if (this.#draining !== undefined) return
    post.deaths = performance.now() - post.startedAt > aliveMs ? 1 : post.deaths + 1
    const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** (post.deaths - 1))
    this.#metrics.restarts.inc()
    post.restart = setTimeout(() => {
      this.#fork(post).catch((error: Error) => {
        this.#options.log.error({ worker: post.number, error: error.message }, 'a worker did not start')
        this.#forget(post)
        this.#replace(post)
      })
    }, pauseMs)
  }

  async #end(post: Post, deadlineMs: number): Promise<void> {
    const { worker } = post
    this.#forget(post)
    if (worker === undefined || worker.isDead()) return
    const ended = once(worker, 'exit')
    send(worker, { headgate: 'drain', deadlineMs })
    const kill = setTimeout(() => worker.process.kill('SIGKILL'), deadlineMs + graceMs)
    await ended
    clearTimeout(kill)
  }

  #forget(post: Post): void {
    post.worker = undefined
    post.listening = false
    this.#metrics.gone(post.number)
    for (const [device, { worker }] of this.#devices) if (worker === post.number) this.#devices.delete(device)
  }

  /** What workers tell may come in another order than it happened in: what counts is since when. */
  #noteDevices(post: Post, changes: readonly DeviceChange[]): void {
    for (const change of changes) {
      const [what, device] = change
      const known = this.#devices.get(device)
      if (what === 'left') {
        if (known?.worker === post.number) this.#devices.delete(device)
        continue
      }
      const since = change[2]
      if (known !== undefined && known.worker !== post.number) {
        const [older, newer] = known.since > since ? [post.number, known.since] : [known.worker, since]
        this.#tellElsewhere(older, device, newer)
        if (known.since > since) continue
      }
      this.#devices.set(device, { worker: post.number, since })
    }
  }

  #tellElsewhere(number: number, device: string, since: number): void {
    const { worker } = this.#posts[number - 1] as Post
    if (worker !== undefined) send(worker, { headgate: 'elsewhere', devices: [[device, since]] })
  }
}

/** How long a worker that is replaced may finish. */
const reloadDrainMs = 10_000

function send(worker: Worker, message: ToWorker): void {
  // One that dies at this moment needs no message any more.
  if (worker.isConnected()) worker.send(message, undefined, () => undefined)
}

function workerFailure({ code, message }: { readonly code: string; readonly message: string }): GatewayError {
  return new GatewayError(code === 'CONFIGURATION' ? 'CONFIGURATION' : 'WORKER_FAILED', message)
}
