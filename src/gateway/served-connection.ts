import type { Socket } from 'node:net'
import { Connection, type DeadLetter, type Log, type Peer } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { PipelineMeter } from '../core/meter.ts'
import type { Pipeline } from '../core/pipeline.ts'
import type { Ring } from '../core/ring.ts'
import { type Deadlines, missedDeadline } from './deadlines.ts'
import { acceptTime, type DeviceHolder, type DeviceRegister } from './device-register.ts'
import { bindLog } from './log.ts'

/** What all connections of a listener have in common. */
export interface Home {
  readonly pipeline: Pipeline
  /** What ids of connections begin with. */
  readonly idPrefix: string
  readonly meter: PipelineMeter
  readonly log: Log
  readonly onDeadLetter: ((letter: DeadLetter, connection: Connection) => void) | undefined
  readonly devices: DeviceRegister
  /** Called once, when nothing of a connection is left. */
  ended(connection: ServedConnection, outcome: string): void
}

const served: unique symbol = Symbol('served')

/** A socket knows its connection, so that all sockets share their listeners: who never speaks costs no closures. */
type ServedSocket = Socket & { [served]: ServedConnection }

function onError(this: ServedSocket, error: Error): void {
  this[served].failed(error)
}

function onClose(this: ServedSocket): void {
  this[served].closed()
}

function onReadable(this: ServedSocket): void {
  this.off('readable', onReadable)
  this[served].firstByte()
}

/**
 * One accepted socket. Its ring is built on the first byte, since who never speaks costs little more than a socket; at once where
 * the gateway is to speak first.
 */
export class ServedConnection implements DeviceHolder {
  readonly acceptedAt = acceptTime()
  readonly #home: Home
  readonly #socket: Socket
  /** Of those that the listener has accepted. */
  readonly #number: number
  readonly #acceptedAtMs = performance.now()
  #lastByteAt = this.#acceptedAtMs
  #bytesRead = 0
  #unreadSince: number | undefined
  #bytesFlushed = 0
  #connection: Connection | undefined
  #ring: Ring | undefined
  #failure: GatewayError | undefined
  #deviceId: string | undefined
  #farewell: NodeJS.Timeout | undefined
  #ended = false

  constructor(home: Home, socket: Socket, number: number) {
    this.#home = home
    this.#socket = socket
    this.#number = number
    const own = socket as ServedSocket
    own[served] = this
    own.on('error', onError)
    own.on('close', onClose)
    if (home.pipeline.speaksFirst) this.#open()
    else own.on('readable', onReadable)
  }

  /** The socket failed. */
  failed(error: Error): void {
    this.#failure ??= new GatewayError('CONNECTION_LOST', error.message, { cause: error })
  }

  /** The socket is closed. */
  closed(): void {
    if (this.#ring === undefined) this.#end(this.#failure)
  }

  /** There is something to read, or the end. */
  firstByte(): void {
    // FIN before any byte: a port scan or a load balancer's health check.
    if (this.#socket.readableLength === 0) this.#socket.destroy()
    else this.#open()
  }

  /** Called by the listener's sweep: ends the connection if it missed a deadline. */
  check(limits: Deadlines, now: number): void {
    const socket = this.#socket
    const flushed = socket.bytesWritten - socket.writableLength
    if (!socket.writableNeedDrain) this.#unreadSince = undefined
    // However slowly it reads, it reads.
    else if (flushed !== this.#bytesFlushed) this.#unreadSince = now
    else this.#unreadSince ??= now
    this.#bytesFlushed = flushed
    // A device that is not being read, or that waits for us, cannot be blamed for its silence.
    const excused = this.#ring?.blocked || (this.#connection?.inFlight ?? 0) > 0
    if (excused || socket.bytesRead !== this.#bytesRead) this.#lastByteAt = now
    this.#bytesRead = socket.bytesRead
    const state = {
      acceptedAt: this.#acceptedAtMs,
      greeted: this.#connection?.greeted ?? false,
      lastByteAt: this.#lastByteAt,
      unreadSince: this.#unreadSince,
    }
    const code = missedDeadline(state, limits, now)
    if (code !== undefined) this.destroy(new GatewayError(code, deadlineWords[code] ?? code))
  }

  /** Takes no more from the device, finishes what was taken, then closes. */
  halt(): void {
    if (this.#ring !== undefined) this.#ring.halt()
    else this.#socket.destroy()
  }

  /** Ends in an orderly way, since the device has a newer connection; what hangs is cut after ten seconds. */
  takenOver(): void {
    const reason = new GatewayError('TAKEN_OVER', 'the device has a newer connection')
    // Not at once: it may be its own hello that is being answered.
    setImmediate(() => this.#ring?.halt(reason))
    this.#farewell ??= setTimeout(() => this.destroy(reason), farewellMs)
  }

  /** Ends everything at once. */
  destroy(failure?: GatewayError): void {
    this.#failure ??= failure
    this.#ring?.destroy(failure)
    this.#socket.destroy()
  }

  #open(): void {
    const { pipeline, meter, log, onDeadLetter } = this.#home
    const socket = this.#socket
    const id = this.#id
    const connection = new Connection({
      id,
      pipeline: pipeline.name,
      peer: new SocketPeer(socket),
      meter,
      log: bindLog(log, { connection: id, pipeline: pipeline.name }),
      ...(onDeadLetter !== undefined && { onDeadLetter }),
      onClaimed: (deviceId) => this.#claim(deviceId),
    })
    this.#connection = connection
    try {
      this.#ring = pipeline.open(connection)
    } catch (thrown) {
      // A stage that cannot be opened costs this connection only.
      const failure = GatewayError.from(thrown)
      connection.log.error({ error: failure.message, stack: failure.stack }, 'a stage could not be opened')
      connection.close()
      this.destroy(failure)
      return
    }
    this.#ring.attach(socket, (failure) => this.#end(failure ?? this.#failure))
  }

  #claim(deviceId: string): void {
    this.#deviceId = deviceId
    this.#home.devices.claim(deviceId, this)
  }

  get #id(): string {
    return `${this.#home.idPrefix}-${this.#number}`
  }

  #end(failure: GatewayError | undefined): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#farewell)
    if (this.#deviceId !== undefined) this.#home.devices.release(this.#deviceId, this)
    const { pipeline, log } = this.#home
    const fields = {
      connection: this.#id,
      pipeline: pipeline.name,
      outcome: failure?.code ?? 'ok',
      reason: failure?.message,
    }
    log.debug(fields, 'connection ended')
    this.#home.ended(this, failure?.code ?? 'ok')
  }
}

/** Asks the system at the first look: few look. */
class SocketPeer implements Peer {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get address(): string {
    return plainAddress(this.#socket.remoteAddress ?? '')
  }

  get port(): number {
    return this.#socket.remotePort ?? 0
  }
}

/** How long a connection whose device has a newer one may take to finish. */
const farewellMs = 10_000

/** A listener on all addresses sees IPv4 peers in IPv6's clothes. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

const deadlineWords: Readonly<Record<string, string>> = {
  HELLO_TIMEOUT: 'no hello within the deadline',
  IDLE_TIMEOUT: 'no byte from the device within the idle deadline',
  STALLED: 'the device did not read within the stall deadline',
}
