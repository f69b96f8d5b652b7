import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Bytes from the device go up, those to it go down. */
export type LinkDirection = 'up' | 'down'

/** Options of {@link FaultyLink.listen}. */
export interface FaultyLinkOptions {
  /** Sees every chunk that arrives from either end, when it arrives and before any fault; `connection` counts the link's connections from 1. */
  readonly tap?: (direction: LinkDirection, chunk: Buffer, connection: number) => void
}

/** How long the last bytes before a reset may take to be read. */
const resetDelayMs = 20

/** Bytes that a stalled direction holds before it stops reading too. */
const heldBytes = 65_536

/**
 * A network between devices and a gateway that fails when it is told to: a TCP proxy on loopback. Every fault holds for all connections that the
 * link has at that moment, and those that last (`stall`, `split`) for later ones too, until `heal`.
 */
export class FaultyLink {
  readonly #server: Server
  readonly #connections = new Set<LinkedConnection>()
  readonly #tap: NonNullable<FaultyLinkOptions['tap']>
  readonly #stalled = new Set<LinkDirection>()
  #target: number
  #split = false
  #resetAfter: number | undefined
  #count = 0

  private constructor(target: number, options: FaultyLinkOptions) {
    this.#target = target
    this.#tap = options.tap ?? (() => {})
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (device) => this.#accept(device))
  }

  /** Listens on a free port of 127.0.0.1 and leads to `target`, a port there. */
  static async listen(target: number, options: FaultyLinkOptions = {}): Promise<FaultyLink> {
    const link = new FaultyLink(target, options)
    link.#server.listen(0, '127.0.0.1')
    await once(link.#server, 'listening')
    return link
  }

  /** Where devices connect. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#connections.size
  }

  /** Later connections lead to another port. */
  retarget(port: number): void {
    this.#target = port
  }

  /** FIN to both ends of every connection, as from a box in between that closes in an orderly way. */
  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  /** Resets both ends of every connection. */
  reset(): void {
    for (const connection of this.#connections) connection.reset()
  }

  /** Resets the connection that is first to bring so many more bytes up, right behind the last of them: in the middle of a frame. */
  resetAfter(bytes: number): void {
    this.#resetAfter = bytes
  }

  /** Passes nothing on in that direction until {@link FaultyLink.heal}; when it holds 64 KiB it reads no more, so that the sender's TCP fills. */
  stall(direction: LinkDirection): void {
    this.#stalled.add(direction)
  }

  /** Passes every byte on in a write of its own. */
  split(): void {
    this.#split = true
  }

  /** Every device vanishes without a word: its own end is reset, and the gateway hears nothing, for as long as it holds its end. */
  vanish(): void {
    for (const connection of this.#connections) connection.vanish()
  }

  /** Ends what lasts; what was held goes on. */
  heal(): void {
    this.#stalled.clear()
    this.#split = false
    this.#resetAfter = undefined
    for (const connection of this.#connections) connection.flush()
  }

  /** Ends every connection and stops listening. */
  async close(): Promise<void> {
    this.reset()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(device: Socket): void {
    const gateway = connect({ host: '127.0.0.1', port: this.#target, allowHalfOpen: true, noDelay: true })
    const number = ++this.#count
    const connection: LinkedConnection = new LinkedConnection(device, gateway, {
      arrived: (direction, chunk) => this.#tap(direction, chunk, number),
      stalled: (direction) => this.#stalled.has(direction),
      split: () => this.#split,
      allowance: (bytes) => this.#allowance(bytes),
      ended: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  /** How many of these bytes still go up before the reset; undefined where none is due. */
  #allowance(bytes: number): number | undefined {
    if (this.#resetAfter === undefined) return undefined
    const allowed = Math.min(bytes, this.#resetAfter)
    this.#resetAfter -= allowed
    if (this.#resetAfter > 0) return undefined
    this.#resetAfter = undefined
    return allowed
  }
}

interface LinkState {
  arrived(direction: LinkDirection, chunk: Buffer): void
  stalled(direction: LinkDirection): boolean
  split(): boolean
  allowance(bytes: number): number | undefined
  ended(): void
}

/** One direction of a connection, with what it holds back. */
class Way {
  readonly from: Socket
  readonly to: Socket
  held: Buffer[] = []
  ended = false

  constructor(from: Socket, to: Socket) {
    this.from = from
    this.to = to
  }

  get heldBytes(): number {
    return this.held.reduce((sum, { length }) => sum + length, 0)
  }
}

class LinkedConnection {
  readonly #ways: Readonly<Record<LinkDirection, Way>>
  readonly #state: LinkState
  #vanished = false
  /** About to be reset: nothing more goes through. */
  #doomed = false

  constructor(device: Socket, gateway: Socket, state: LinkState) {
    this.#state = state
    this.#ways = { up: new Way(device, gateway), down: new Way(gateway, device) }
    for (const direction of ['up', 'down'] as const) {
      const { from } = this.#ways[direction]
      from.on('data', (chunk) => this.#take(direction, chunk))
      from.once('end', () => {
        this.#ways[direction].ended = true
        this.#pass(direction)
      })
      // What breaks at one end is a reset at the other.
      from.once('error', () => (this.#vanished ? undefined : this.reset()))
      from.once('close', () => this.#closed())
      this.#ways[direction].to.on('drain', () => from.resume())
    }
  }

  cut(): void {
    for (const { to } of Object.values(this.#ways)) to.end()
  }

  reset(): void {
    for (const { from } of Object.values(this.#ways)) from.resetAndDestroy()
  }

  vanish(): void {
    this.#vanished = true
    this.#ways.up.from.resetAndDestroy()
    this.#ways.down.held = []
    // Its bytes are read and go nowhere, so that nothing tells the gateway.
    this.#ways.down.from.resume()
  }

  flush(): void {
    this.#pass('up')
    this.#pass('down')
  }

  #take(direction: LinkDirection, chunk: Buffer): void {
    this.#state.arrived(direction, chunk)
    const way = this.#ways[direction]
    if (this.#vanished || this.#doomed) return
    const allowed = direction === 'up' ? this.#state.allowance(chunk.length) : undefined
    way.held.push(allowed === undefined ? chunk : chunk.subarray(0, allowed))
    this.#pass(direction)
    if (allowed !== undefined) {
      // A reset throws away what the other end has not read yet: it is given a moment for what came before.
      this.#doomed = true
      setTimeout(() => this.reset(), resetDelayMs)
      return
    }
    if (way.heldBytes > heldBytes || way.to.writableNeedDrain) way.from.pause()
  }

  #pass(direction: LinkDirection): void {
    const way = this.#ways[direction]
    if (this.#state.stalled(direction) || this.#vanished) return
    const chunks = way.held
    way.held = []
    for (const chunk of chunks) {
      if (way.to.destroyed || way.to.writableEnded) break
      if (this.#state.split()) for (let at = 0; at < chunk.length; at++) way.to.write(chunk.subarray(at, at + 1))
      else way.to.write(chunk)
    }
    if (way.ended && !way.to.writableEnded) way.to.end()
    if (!way.to.writableNeedDrain) way.from.resume()
  }

  #closed(): void {
    const { up, down } = this.#ways
    if (up.from.destroyed && down.from.destroyed) this.#state.ended()
  }
}
