import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { checkLinkFault, type LinkDirection, type LinkFault } from './link-fault.ts'
import { type LaneOrders, LinkLane } from './link-lane.ts'
import { wholeInRange } from './option-range.ts'

/** Options of {@link faultyLink}. */
export interface FaultyLinkOptions {
  /** Where the gateway listens, 1 to 65535. */
  readonly targetPort: number
  /** Default 127.0.0.1. */
  readonly targetHost?: string
}

/** Where bytes were seen. */
export interface Seen {
  /** 1 for the link's first connection, then rising. */
  readonly connection: number
  /**
   * They were written by their sender then or later, in milliseconds of `Date.now()`: now, but for bytes that came when the link had not read
   * for a while.
   */
  readonly notBeforeMs: number
}

interface Armed {
  readonly direction: LinkDirection
  bytesLeft: number
}

/**
 * A TCP proxy on loopback between devices and a gateway, in which things go wrong as it is told. Emits the bytes of both directions as they
 * reach it. Faults hold for all its connections, those to come included; give each device a link of its own to tell them apart.
 */
export class FaultyLink extends EventEmitter<{ up: [bytes: Buffer, seen: Seen]; down: [bytes: Buffer, seen: Seen] }> {
  readonly #server: Server
  readonly #connections = new Set<LinkConnection>()
  readonly #faults = new Set<LinkFault>()
  readonly #armed = new Map<LinkFault, Armed>()
  readonly #target: { host: string; port: number }
  #count = 0

  /** Called by {@link faultyLink}. */
  constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    super()
    this.#server = server
    this.#target = { ...target }
    server.on('connection', (device) => this.#accept(device))
  }

  /** Where devices connect, on 127.0.0.1. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that stand, those that a device has left without a word included. */
  get connections(): number {
    return this.#connections.size
  }

  /** Connections to come go to this port: that of a gateway that was started again. */
  aim(targetPort: number): void {
    this.#target.port = wholeInRange('faultyLink', 'targetPort', targetPort, 1, 65_535)
  }

  /**
   * Does harm until it is healed; `cut`, and a `reset` without `afterBytes`, strike what is connected, once. Returns what heals it. Healing resets
   * connections that lost bytes or their device. Throws `CONFIGURATION` for what is no fault.
   */
  inflict(fault: LinkFault): () => void {
    checkLinkFault(fault)
    if (fault.kind === 'cut') for (const connection of this.#connections) connection.cut()
    else if (fault.kind === 'reset' && !fault.afterBytes) this.#resetAll()
    else if (fault.kind === 'reset')
      this.#armed.set(fault, { direction: fault.direction, bytesLeft: fault.afterBytes ?? 0 })
    else {
      this.#faults.add(fault)
      if (fault.kind === 'vanish') for (const connection of this.#connections) connection.vanish()
    }
    return () => this.#heal(fault)
  }

  /** Ends every fault. */
  heal(): void {
    for (const fault of [...this.#faults, ...this.#armed.keys()]) this.#heal(fault)
  }

  /** Resets every connection and stops listening. Safe to call twice. */
  async close(): Promise<void> {
    this.#resetAll()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #heal(fault: LinkFault): void {
    this.#armed.delete(fault)
    if (!this.#faults.delete(fault)) return
    for (const connection of this.#connections) {
      if (connection.broken) connection.reset()
      else connection.move()
    }
  }

  #resetAll(): void {
    for (const connection of [...this.#connections]) connection.reset()
  }

  #accept(device: Socket): void {
    if (this.#has('refuse')) {
      device.on('error', ignoreError)
      device.resetAndDestroy()
      return
    }
    const gateway = connect({ ...this.#target, allowHalfOpen: true, noDelay: true })
    const number = ++this.#count
    const connection: LinkConnection = new LinkConnection(device, gateway, {
      orders: (direction) => this.#orders(direction, number, () => connection),
      closed: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #orders(direction: LinkDirection, connection: number, owner: () => LinkConnection): LaneOrders {
    return {
      stalled: () => this.#has('stall', direction),
      delayMs: () => {
        let longest = 0
        for (const fault of this.#faults)
          if (fault.kind === 'delay' && fault.direction === direction) longest = Math.max(longest, fault.delayMs)
        return longest
      },
      split: () => this.#has('split', direction),
      swallows: () => {
        if (owner().isCut) return true
        if (!this.#has('swallow', direction)) return false
        owner().broken = true
        return true
      },
      resetWithin: (length) => this.#spend(direction, length),
      reset: () => owner().reset(),
      saw: (bytes, notBeforeMs) => this.emit(direction, bytes, { connection, notBeforeMs }),
    }
  }

  #spend(direction: LinkDirection, length: number): number | undefined {
    for (const [fault, armed] of this.#armed) {
      if (armed.direction !== direction) continue
      if (armed.bytesLeft > length) armed.bytesLeft -= length
      else {
        this.#armed.delete(fault)
        return armed.bytesLeft
      }
    }
    return undefined
  }

  #has(kind: LinkFault['kind'], direction?: LinkDirection): boolean {
    for (const fault of this.#faults) {
      if (fault.kind !== kind) continue
      if (direction === undefined || ('direction' in fault && fault.direction === direction)) return true
    }
    return false
  }
}

interface LinkConnectionParts {
  readonly orders: (direction: LinkDirection) => LaneOrders
  readonly closed: () => void
}

class LinkConnection {
  readonly #device: Socket
  readonly #gateway: Socket
  readonly #lanes: readonly LinkLane[]
  /** It lost bytes or its device: nothing sound can come of it. */
  broken = false
  /** Both ends were told of the end: what they still say goes nowhere. */
  isCut = false

  constructor(device: Socket, gateway: Socket, { orders, closed }: LinkConnectionParts) {
    this.#device = device
    this.#gateway = gateway
    device.setNoDelay(true)
    this.#lanes = [new LinkLane(device, gateway, orders('up')), new LinkLane(gateway, device, orders('down'))]
    for (const [socket, other] of [
      [device, gateway],
      [gateway, device],
    ] as const) {
      // An end that broke breaks the other one, unless the device went without a word.
      socket.on('error', () => {
        if (!this.broken || socket === gateway) this.reset()
        else socket.destroy()
      })
      socket.once('close', () => {
        if (!other.destroyed) return
        for (const lane of this.#lanes) lane.close()
        closed()
      })
    }
  }

  move(): void {
    for (const lane of this.#lanes) lane.move()
  }

  cut(): void {
    if (this.broken) return
    this.isCut = true
    this.#device.end()
    this.#gateway.end()
  }

  reset(): void {
    reset(this.#device)
    reset(this.#gateway)
  }

  vanish(): void {
    this.broken = true
    this.#device.destroy()
  }
}

/** Node cannot reset a socket whose FIN is on its way (EINVAL), and a process that tried does not end: node 20 turns round for ever in its cleanup. */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}

function ignoreError(): void {}

/** Opens a link to a gateway on this machine, on a port chosen by the system. Throws `CONFIGURATION` for a port out of range. */
export async function faultyLink({ targetPort, targetHost = '127.0.0.1' }: FaultyLinkOptions): Promise<FaultyLink> {
  const port = wholeInRange('faultyLink', 'targetPort', targetPort, 1, 65_535)
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  const link = new FaultyLink(server, { host: targetHost, port })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return link
}
