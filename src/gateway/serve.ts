import type { AddressInfo } from 'node:net'
import { type Connection, type DeadLetter, type Log, silentLog } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Gauge } from '../core/meter.ts'
import { isPipeline, type Pipeline } from '../core/pipeline.ts'
import { type Admin, startAdmin } from './admin.ts'
import type { Deadlines } from './deadlines.ts'
import { Listener, type TlsOptions, withDefaults } from './listener.ts'
import { GatewayMetrics } from './metrics.ts'

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
}

/** Options of {@link serve} that hold for all its pipelines. */
export interface GatewayOptions extends Partial<Deadlines> {
  /** Port of the admin endpoint, 0 picks a free one; without it there is none. */
  readonly adminPort?: number
  /** Address of the admin endpoint; default 127.0.0.1. */
  readonly adminHost?: string
  /** Connections that a pipeline holds at most; more are turned away. Default 10000. */
  readonly maxConnections?: number
  /** Default: nothing is logged. A pino logger is a Log. */
  readonly log?: Log
  /** Gets every item that was set aside for good. `deadLetterFile` and its like make one; the gauges of a sink are exported, once for all. */
  readonly onDeadLetter?: DeadLetterHandler
}

/** Options of {@link serve} with a single pipeline. */
export type ServeOptions = GatewayOptions & Omit<Service, 'pipeline' | 'port'> & { readonly port?: number }

/** A gateway that listens. */
export interface Gateway {
  /** Where the first pipeline listens. */
  readonly address: AddressInfo
  readonly addresses: readonly { readonly pipeline: string; readonly address: AddressInfo }[]
  readonly adminAddress: AddressInfo | undefined
  readonly metrics: GatewayMetrics
  /**
   * Stops accepting, reads no more, flushes and settles what was read, gives the receipts, closes. What is not done after
   * `deadlineMs` (default 10000) is cut: its devices have no receipt and will send again. The admin endpoint stays up, so
   * that the last scrape sees the end; {@link Gateway.close} ends it.
   */
  drain(options?: { readonly deadlineMs?: number }): Promise<void>
  /** Cuts every connection at once and closes every port. */
  close(): Promise<void>
}

/** Listens for devices: one pipeline on one port (default 9000), or several each on its own. Rejects with `CONFIGURATION` or the system's error. */
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
  const metrics = new GatewayMetrics()
  metrics.addGauges(options.onDeadLetter?.gauges ?? [])
  const log = options.log ?? silentLog
  const listeners = services.map(
    ({ pipeline, port, host, tls }) =>
      new Listener({
        pipeline,
        port,
        host,
        tls,
        deadlines,
        maxConnections,
        metrics,
        log,
        onDeadLetter: options.onDeadLetter,
      }),
  )
  let draining: Promise<void> | undefined
  let admin: Admin | undefined
  const drain = (deadlineMs: number) => {
    draining ??= Promise.all(listeners.map((listener) => listener.drain(deadlineMs))).then(() => undefined)
    return draining
  }
  const unready = () => {
    if (draining !== undefined) return 'draining'
    return listeners.some((listener) => listener.saturated) ? 'saturated' : undefined
  }
  try {
    await Promise.all(services.map(({ pipeline }) => pipeline.prepare()))
    for (const listener of listeners) await listener.listen()
    if (options.adminPort !== undefined)
      admin = await startAdmin({ metrics, unready }, options.adminPort, options.adminHost)
  } catch (error) {
    await drain(0)
    throw error
  }
  const addresses = listeners.map(({ pipeline, address }) => ({ pipeline: pipeline.name, address }))
  return {
    address: addresses[0]?.address as AddressInfo,
    addresses,
    adminAddress: admin?.address,
    metrics,
    async drain({ deadlineMs = 10_000 } = {}) {
      await drain(deadlineMs)
      // It still answers, but a process that has nothing else to do may end.
      admin?.unref()
    },
    async close() {
      for (const listener of listeners) listener.destroy()
      await drain(0)
      await admin?.close()
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
