import type { GatewayError } from './errors.ts'
import type { Identity } from './items.ts'
import { PipelineMeter } from './meter.ts'

/** The part of a structured logger that rings and stages use; a pino logger is one. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A log that keeps nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Where a connection comes from; '' and 0 where it is first asked after the connection has closed. */
export interface Peer {
  readonly address: string
  readonly port: number
}

/** An item that a stage refused, as given to `onDeadLetter`. */
export interface DeadLetter {
  readonly error: GatewayError
  /** The bytes, line or item that was refused. May hold what a device sent as a secret: never log it whole. */
  readonly item: unknown
}

/** Bytes for the device that it has not taken. */
export interface Unread {
  readonly bytes: number
  /** All that was said to the device until then has left, as far as is known; milliseconds of `Date.now()`. */
  readonly noneAt: number
}

const nothingUnread: Unread = { bytes: 0, noneAt: Number.POSITIVE_INFINITY }

/** Options of {@link Connection}. */
export interface ConnectionOptions {
  readonly id: string
  readonly pipeline: string
  readonly peer?: Peer
  readonly meter?: PipelineMeter
  readonly log?: Log
  readonly onDeadLetter?: (letter: DeadLetter, connection: Connection) => void
  /** Called once, when the device is known by an identity that has one connection at a time. */
  readonly onClaimed?: (deviceId: string) => void
}

/** Options of {@link Connection.identify}. */
export interface IdentifyOptions {
  /** False where a device may have several connections at once; by default its newest ends the older ones. */
  readonly takeover?: boolean
}

/** One socket with its context: what stages know about the connection that they were opened for. */
export class Connection {
  /** Unique among the connections of a gateway; bound to every log line. */
  readonly id: string
  readonly pipeline: string
  readonly peer: Peer
  readonly meter: PipelineMeter
  readonly log: Log
  /** Called with every item that the policy dead-letters. */
  readonly onDeadLetter: (letter: DeadLetter, connection: Connection) => void
  #identity: Identity | undefined
  #opener: ((identity: Identity) => Promise<void>) | undefined
  #controller: AbortController | undefined
  #closed = false
  #waiting: (() => void)[] = []
  readonly #onClaimed: ((deviceId: string) => void) | undefined
  #halted = false
  #stopGiving: () => void = () => {}
  #judge: ((error: GatewayError, items: readonly unknown[]) => void) | undefined
  #unread: () => Unread = () => nothingUnread
  /** Messages of this connection that the endpoint has taken and not answered. */
  #inFlight = 0
  /** True once the device has said hello, even if that is not answered yet. Set by `authenticate`. */
  greeted = false

  constructor(options: ConnectionOptions) {
    this.id = options.id
    this.pipeline = options.pipeline
    this.peer = options.peer ?? { address: '', port: 0 }
    this.meter = options.meter ?? new PipelineMeter(options.pipeline)
    this.log = options.log ?? silentLog
    this.onDeadLetter = options.onDeadLetter ?? (() => {})
    this.#onClaimed = options.onClaimed
  }

  /** Who the device is; undefined until {@link Connection.identify} has succeeded. */
  get identity(): Identity | undefined {
    return this.#identity
  }

  /** Aborted when the connection is gone; stages give it to timers and requests so that nothing outlives the ring. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#closed) this.#controller.abort()
    return this.#controller.signal
  }

  /** Called by the endpoint: what must succeed before an identity is believed, such as opening the hub session. */
  onIdentify(opener: (identity: Identity) => Promise<void>): void {
    this.#opener = opener
  }

  /**
   * Called by `authenticate` with the identity that it accepts: opens the hub session in that name, then sets
   * {@link Connection.identity}. Rejects with the hub's error (`UNAUTHORIZED`, `DEVICE_NOT_FOUND`, or a retryable one).
   */
  async identify(identity: Identity, { takeover = true }: IdentifyOptions = {}): Promise<void> {
    await this.#opener?.(identity)
    this.#identity = identity
    this.#wake()
    // Only now: whoever merely claims a device's name must not be able to cut that device off.
    if (takeover && !this.#closed) this.#onClaimed?.(identity.deviceId)
  }

  /** Called by the endpoint: what must happen when nothing more is taken from the device, since then it cannot answer either. */
  onHalt(stop: () => void): void {
    this.#stopGiving = stop
    if (this.#halted) stop()
  }

  /** Called by the ring when it takes nothing more from the device. */
  halt(): void {
    this.#halted = true
    this.#stopGiving()
  }

  /** Resolves when the hello has been answered either way, or the connection is gone. */
  helloAnswered(): Promise<void> {
    if (this.#identity !== undefined || this.#closed) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Called by the ring when a hello was refused. */
  helloRefused(): void {
    this.#wake()
  }

  /** Messages that the endpoint has taken and not answered: the device waits for us, not we for it. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Called by the endpoint when it takes messages, and with a negative number when it has answered them. */
  countInFlight(messages: number): void {
    this.#inFlight += messages
    this.meter.inFlight += messages
  }

  /** Called by the ring: how many bytes for the device have not left this process, and since when that is so. */
  onUnread(look: () => Unread): void {
    this.#unread = look
  }

  /** What the device has not taken of what was said to it. */
  get unread(): Unread {
    return this.#unread()
  }

  /** Called by the ring: what hears of items refused by halves that are streams. */
  onRefused(judge: (error: GatewayError, items: readonly unknown[]) => void): void {
    this.#judge = judge
  }

  /**
   * Called by stage halves that are streams, such as the batcher and the hub endpoint, where a step would throw: counts the
   * error under its `stage`, asks the policy, dead-letters. The caller still owes the items their receipts.
   */
  refused(error: GatewayError, items: readonly unknown[]): void {
    this.#judge?.(error, items)
  }

  /** Called by the ring at its very end. */
  close(): void {
    this.#closed = true
    this.#wake()
    this.#controller?.abort()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
