import type { AddressInfo } from 'node:net'
import type { Connection, DeadLetter, Log } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Gauge } from '../core/meter.ts'
import { isPipeline, type Pipeline } from '../core/pipeline.ts'
import { workerPlace } from '../core/worker-place.ts'
import { type Admin, startAdmin } from './admin.ts'
import type { Deadlines } from './deadlines.ts'
import { type TlsOptions, withDefaults } from './listener.ts'
import { LocalGateway } from './local-gateway.ts'
import type { Exposition } from './metrics.ts'
import { serveAsWorker } from './worker.ts'
import { watchWorkers } from './workers.ts'

/** One pipeline and where its devices connect. */
export interface Service {
  readonly pipeline: Pipeline
  /** 0 picks a free one. */
  readonly port: number
  /** Address to bind; default: all. */
  readonly host?: string
  /** Serves TLS instead of plain TCP. */
  readonly tls?: TlsOptions
}

/** What hears of dead letters: a function, or a `DeadLetterSink`, whose maker closes it when the gateway is closed. */
export interface DeadLetterHandler {
  (letter: DeadLetter, connection: Connection): void
  readonly gauges?: readonly Gauge[]
  /** Called at the end of a worker, whose end is not its program's to see. */
  close?(): Promise<void>
}

/** Options of {@link serve} that hold for all its pipelines. */
export interface GatewayOptions extends Partial<Deadlines> {
  /** Port of the admin endpoint, 0 picks a free one; without it there is none. */
  readonly adminPort?: number
  /** Address of the admin endpoint; default 127.0.0.1. */
  readonly adminHost?: string
  /** Connections that a pipeline holds at most; more are turned away. Default 10000. Workers divide it, rounded up. */
  readonly maxConnections?: number
  /** Default: nothing is logged. A pino logger is a Log. */
  readonly log?: Log
  /** Gets every item that was set aside for good. `deadLetterFile` and its like make one; the gauges of a sink are exported, once for all. */
  readonly onDeadLetter?: DeadLetterHandler
  /**
   * Serves in so many worker processes, 1 to 256, each of which runs this program anew, while this process watches over them; default: this process
   * serves. docs/workers.md says what is shared and what is divided.
   */
  readonly workers?: number
}

/** Options of {@link serve} with a single pipeline. */
export type ServeOptions = GatewayOptions & Omit<Service, 'pipeline' | 'port'> & { readonly port?: number }

/** A gateway that listens. */
export interface Gateway {
  /** Where the first pipeline listens. */
  readonly address: AddressInfo
  readonly addresses: readonly { readonly pipeline: string; readonly address: AddressInfo }[]
  readonly adminAddress: AddressInfo | undefined
  readonly metrics: Exposition
  /**
   * Stops accepting, reads no more, flushes and settles what was read, gives the receipts, closes. What is not done after
   * `deadlineMs` (default 10000) is cut: its devices have no receipt and will send again. The admin endpoint stays up, so
   * that the last scrape sees the end; {@link Gateway.close} ends it.
   */
  drain(options?: { readonly deadlineMs?: number }): Promise<void>
  /** Cuts every connection at once and closes every port. */
  close(): Promise<void>
  /**
   * Replaces the workers, one at a time: starts a new one, which runs the program as it is now, and once it listens drains the old one as
   * {@link Gateway.drain} does. Rejects with why the new one does not listen; the old ones go on then. `CONFIGURATION` without workers; in a
   * worker it does nothing.
   */
  reload(options?: { readonly deadlineMs?: number }): Promise<void>
}

/**
 * Listens for devices: one pipeline on one port (default 9000), or several each on its own. Rejects with `CONFIGURATION` or the system's error; with
 * `workers` in this process too, with what the first of them that cannot start says.
 */
export async function serve(pipeline: Pipeline, options?: ServeOptions): Promise<Gateway>
export async function serve(services: readonly Service[], options?: GatewayOptions): Promise<Gateway>
export async function serve(what: Pipeline | readonly Service[], options: ServeOptions = {}): Promise<Gateway> {
  const services = listServices(what, options)
  for (const port of [...services.map((service) => service.port), options.adminPort ?? 0]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new GatewayError('CONFIGURATION', `serve: a port must be an integer from 0 to 65535, not ${port}`)
    }
  }
  const deadlines = withDefaults(pickDeadlines(options))
  const maxConnections = options.maxConnections ?? 10_000
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    throw new GatewayError('CONFIGURATION', `serve: maxConnections must be a positive integer, not ${maxConnections}`)
  }
  const workers = options.workers
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= 256)) {
    throw new GatewayError('CONFIGURATION', `serve: workers must be an integer from 1 to 256, not ${workers}`)
  }
  const { log, onDeadLetter, adminPort, adminHost } = options
  const parts = { services, deadlines, log, onDeadLetter }
  if (workers === undefined) return serveHere(new LocalGateway({ ...parts, maxConnections }), adminPort, adminHost)
  const place = workerPlace()
  if (place === undefined) return watchWorkers({ workers, adminPort, adminHost, log })
  const share = Math.ceil(maxConnections / place.count)
  return asGateway(
    await serveAsWorker(place, (announce) => new LocalGateway({ ...parts, maxConnections: share, place, announce })),
  )
}

async function serveHere(local: LocalGateway, adminPort: number | undefined, adminHost?: string): Promise<Gateway> {
  await local.start()
  if (adminPort === undefined) return asGateway(local)
  try {
    const subject = { metrics: local.metrics, unready: () => local.unready() }
    return asGateway(local, await startAdmin(subject, adminPort, adminHost))
  } catch (error) {
    await local.close()
    throw error
  }
}

function asGateway(local: LocalGateway, admin?: Admin): Gateway {
  const { addresses, metrics } = local
  return {
    address: addresses[0]?.address as AddressInfo,
    addresses,
    adminAddress: admin?.address,
    metrics,
    async drain(options) {
      await local.drain(options)
      // It still answers, but a process that has nothing else to do may end.
      admin?.unref()
    },
    async close() {
      await local.close()
      await admin?.close()
    },
    async reload() {
      // Where a signal reaches a whole group of processes, only the one that watches over the workers has to do anything.
      if (workerPlace() !== undefined) return
      throw new GatewayError('CONFIGURATION', 'reload: the gateway has no workers')
    },
  }
}

function listServices(what: Pipeline | readonly Service[], options: ServeOptions): readonly Service[] {
  if (!isPipeline(what)) {
    if (what.length === 0) throw new GatewayError('CONFIGURATION', 'serve: there is no pipeline to serve')
    const strange = what.findIndex((service) => !isPipeline(service.pipeline))
    if (strange >= 0) throw new GatewayError('CONFIGURATION', `serve: service ${strange + 1} has no pipeline`)
    const names = what.map(({ pipeline }) => pipeline.name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) throw new GatewayError('CONFIGURATION', `serve: two pipelines are named '${twice}'`)
    return what
  }
  const { port = 9000, host, tls } = options
  return [{ pipeline: what, port, ...(host !== undefined && { host }), ...(tls !== undefined && { tls }) }]
}

function pickDeadlines({ helloTimeoutMs, idleTimeoutMs, stallTimeoutMs }: Partial<Deadlines>): Partial<Deadlines> {
  return {
    ...(helloTimeoutMs !== undefined && { helloTimeoutMs }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(stallTimeoutMs !== undefined && { stallTimeoutMs }),
  }
}
