import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Connection, DeadLetter, Log } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Pipeline } from '../core/pipeline.ts'
import type { WorkerPlace } from '../core/worker-place.ts'
import type { Deadlines } from './deadlines.ts'
import { type DeviceAnnouncer, DeviceRegister } from './device-register.ts'
import type { GatewayMetrics } from './metrics.ts'
import { type Home, ServedConnection } from './served-connection.ts'

/** Key and certificate chain of a TLS listener, PEM. */
export interface TlsOptions {
  readonly key: string | Buffer
  readonly cert: string | Buffer
}

/** What a listener is made of. */
export interface ListenerParts {
  readonly pipeline: Pipeline
  readonly port: number
  readonly host: string | undefined
  readonly tls: TlsOptions | undefined
  readonly deadlines: Deadlines
  readonly maxConnections: number
  readonly metrics: GatewayMetrics
  readonly log: Log
  readonly onDeadLetter: ((letter: DeadLetter, connection: Connection) => void) | undefined
  /** Hears which devices have their newest connection here; where other processes serve the same pipeline. */
  readonly announcer: DeviceAnnouncer | undefined
  /** Which worker of its gateway this process is; part of the connections' ids. */
  readonly place: WorkerPlace | undefined
}

/** One port of a gateway, with the connections that came in through it. */
export class Listener {
  readonly #parts: ListenerParts
  readonly #server: Server
  readonly #connections = new Set<ServedConnection>()
  readonly #home: Home
  /** Which connection is the newest of each device. */
  readonly devices: DeviceRegister
  readonly #meters: ReturnType<GatewayMetrics['pipeline']>
  #sweep: NodeJS.Timeout | undefined
  #emptied: (() => void) | undefined
  /** Sockets under TLS, those too whose handshake is not done: they are no connections yet, but hold the port. */
  readonly #tlsSockets = new Set<Socket>()
  #draining = false
  #accepted = 0

  constructor(parts: ListenerParts) {
    this.#parts = parts
    this.devices = new DeviceRegister(parts.announcer)
    this.#meters = parts.metrics.pipeline(parts.pipeline.name)
    const { pipeline, log, onDeadLetter, place } = parts
    const ended = (connection: ServedConnection, outcome: string) => this.#ended(connection, outcome)
    const idPrefix = place === undefined ? pipeline.name : `${pipeline.name}-w${place.number}`
    this.#home = { pipeline, idPrefix, meter: this.#meters.pipeline, log, onDeadLetter, devices: this.devices, ended }
    parts.metrics.addGauges(parts.pipeline.endpoint.gauges ?? [])
    const accept = (socket: Socket) => this.#accept(socket)
    // Half-open: a device that has finished sending still gets the receipts of what it sent.
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
    const { tls, deadlines, maxConnections } = parts
    const secure =
      tls === undefined
        ? undefined
        : createTlsServer({ ...options, ...tls, handshakeTimeout: deadlines.helloTimeoutMs }, accept)
    if (secure !== undefined) this.#watchHandshakes(secure)
    if (place === undefined) {
      this.#server = secure ?? createServer(options, accept)
      // Counted by Node, TLS handshakes in progress included.
      this.#server.maxConnections = maxConnections
      this.#server.on('drop', () => this.#meters.connections.count('CONNECTION_LIMIT'))
    } else {
      const take = secure === undefined ? accept : (socket: Socket) => secure.emit('connection', socket)
      this.#server = createServer(options, (socket) => this.#admit(socket, take))
    }
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#server.address() as AddressInfo
  }

  get pipeline(): Pipeline {
    return this.#parts.pipeline
  }

  /** True when it can take no more connections. */
  get saturated(): boolean {
    return this.#connections.size >= this.#parts.maxConnections
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  async listen(): Promise<void> {
    const { pipeline, port, host, deadlines, log } = this.#parts
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, backlog: 2000, ...(host !== undefined && { host }) }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    // Such as being out of file descriptors: those who are connected stay, and later ones may have more luck.
    this.#server.on('error', (error) => log.error({ pipeline: pipeline.name, error: error.message }, 'accept failed'))
    const shortestMs = Math.min(deadlines.helloTimeoutMs, deadlines.idleTimeoutMs, deadlines.stallTimeoutMs)
    this.#sweep = setInterval(() => this.#checkDeadlines(), Math.max(10, Math.min(1000, shortestMs / 4)))
  }

  /** Stops accepting, ends every connection in an orderly way, destroys those that take longer than the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.halt()
    const cut = setTimeout(() => this.destroy(), deadlineMs)
    await this.#empty()
    for (const socket of this.#tlsSockets) socket.destroy()
    clearTimeout(cut)
    clearInterval(this.#sweep)
    await closed
  }

  /** Cuts every connection at once. */
  destroy(): void {
    const failure = new GatewayError('GATEWAY_CLOSED', 'the gateway ended the connection')
    for (const connection of this.#connections) connection.destroy(failure)
  }

  /**
   * Among workers Node would hand what one has no room for to the next, and round and round at the cost of a core while all are full. So it is
   * taken, and turned away.
   */
  #admit(socket: Socket, take: (socket: Socket) => void): void {
    const { tls, maxConnections } = this.#parts
    const held = tls === undefined ? this.#connections.size : this.#tlsSockets.size
    if (held < maxConnections) {
      take(socket)
      return
    }
    this.#meters.connections.count('CONNECTION_LIMIT')
    socket.destroy()
  }

  #accept(socket: Socket): void {
    if (this.#draining) {
      socket.destroy()
      return
    }
    this.#connections.add(new ServedConnection(this.#home, socket, ++this.#accepted))
    this.#meters.connections.open++
  }

  #ended(connection: ServedConnection, outcome: string): void {
    this.#connections.delete(connection)
    this.#meters.connections.open--
    this.#meters.connections.count(outcome)
    if (this.#connections.size === 0) this.#emptied?.()
  }

  /** A handshake is not yet a connection, and Node leaves some of its ends to us. */
  #watchHandshakes(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#tlsSockets.add(socket)
      socket.once('close', () => this.#tlsSockets.delete(socket))
    })
    // A TLS handshake that fails concerns that peer only. Node does not destroy the socket of one that took too long.
    server.on('tlsClientError', (_error, socket) => {
      this.#meters.connections.count('TLS_HANDSHAKE')
      socket.destroy()
    })
  }

  #checkDeadlines(): void {
    const now = performance.now()
    for (const connection of this.#connections) connection.check(this.#parts.deadlines, now)
  }

  #empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#emptied = resolve
    })
  }
}

/** The deadlines of {@link Deadlines} with their defaults. Throws `CONFIGURATION`. */
export function withDefaults(given: Partial<Deadlines>): Deadlines {
  const deadlines = { helloTimeoutMs: 30_000, idleTimeoutMs: 600_000, stallTimeoutMs: 60_000, ...given }
  for (const [name, value] of Object.entries(deadlines)) {
    if (!(value > 0)) throw new GatewayError('CONFIGURATION', `serve: ${name} must be above 0, not ${value}`)
  }
  return deadlines
}
