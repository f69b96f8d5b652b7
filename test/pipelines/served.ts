import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { DeadLetter } from '../../src/core/connection.ts'
import type { Pipeline } from '../../src/core/pipeline.ts'
import { type Gateway, type GatewayOptions, serve } from '../../src/gateway/serve.ts'
import { type MemoryHub, type MemoryHubOptions, memoryHub } from '../../src/hub/memory.ts'

/** A device's end of a real socket that carries bytes. */
export class BinaryDevice {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  /** Set when the gateway's FIN came; when the socket closed. */
  ended = false
  closed = false
  readonly #changes = new EventEmitter().setMaxListeners(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#change(() => (this.#received = Buffer.concat([this.#received, chunk]))))
    socket.on('end', () => this.#change(() => (this.ended = true)))
    socket.on('error', () => this.#change(() => {}))
    socket.on('close', () => this.#change(() => (this.closed = true)))
  }

  static async connect(port: number): Promise<BinaryDevice> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new BinaryDevice(socket)
  }

  /** Writes pieces, each in a write of its own that the system has taken before the next. */
  async write(...pieces: readonly (Buffer | string)[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((resolve, reject) =>
        this.socket.write(piece, (error) => (error ? reject(error) : resolve())),
      )
    }
  }

  /** Writes every byte by itself. */
  singly(bytes: Buffer): Promise<void> {
    return this.write(...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))
  }

  /** The next `length` bytes from the gateway. Rejects if it ends first. */
  async read(length: number): Promise<Buffer> {
    await this.until(() => this.#received.length >= length || this.ended || this.closed)
    if (this.#received.length < length) {
      throw new Error(`the gateway ended after ${this.#received.toString('hex')}, before ${length} bytes came`)
    }
    const bytes = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return bytes
  }

  /** What came and was not read, without waiting. */
  pending(): Buffer {
    return this.#received
  }

  /** What came and was not read, once the gateway has ended its side. */
  async rest(): Promise<Buffer> {
    await this.until(() => this.ended || this.closed)
    return this.#received
  }

  /** The device's FIN. */
  end(): void {
    this.socket.end()
  }

  /** The device's RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#changes, 'change')
  }

  #change(note: () => void): void {
    note()
    this.#changes.emit('change')
  }
}

/** A pipeline served over TCP, with a hub in process behind it. */
export interface Served {
  readonly hub: MemoryHub
  readonly gateway: Gateway
  readonly port: number
  readonly deadLetters: DeadLetter[]
  /** A connection of a device. */
  device(): Promise<BinaryDevice>
  /** How often stages of the pipeline refused something, by code, as the metrics count it. */
  errors(): Promise<Record<string, number>>
  /** The bodies that the hub has, decoded. */
  // biome-ignore lint/suspicious/noExplicitAny: what a body holds is what the tests are about
  bodies(): any[]
}

/** Serves a pipeline on a free port until the test ends. */
export async function served(
  t: TestContext,
  make: (to: MemoryHub) => Pipeline,
  options: GatewayOptions & { readonly memory?: MemoryHubOptions } = {},
): Promise<Served> {
  const { memory, ...others } = options
  const hub = memoryHub(memory)
  const deadLetters: DeadLetter[] = []
  const pipeline = make(hub)
  const gateway = await serve(pipeline, {
    ...others,
    port: 0,
    host: '127.0.0.1',
    onDeadLetter: (letter) => deadLetters.push(letter),
  })
  const devices: BinaryDevice[] = []
  t.after(async () => {
    for (const { socket } of devices) socket.destroy()
    await gateway.close()
  })
  return {
    hub,
    gateway,
    port: gateway.address.port,
    deadLetters,
    async device() {
      const device = await BinaryDevice.connect(gateway.address.port)
      devices.push(device)
      return device
    },
    async errors() {
      const counts: Record<string, number> = {}
      for (const line of (await gateway.metrics.expose()).text.split('\n')) {
        const [, code, count] = /^headgate_stage_errors_total\{.*code="(\w+)".*\} (\d+)/.exec(line) ?? []
        if (code !== undefined) counts[code] = (counts[code] ?? 0) + Number(count)
      }
      return counts
    },
    bodies: () => hub.accepted.map(({ message }) => JSON.parse(message.body.toString())),
  }
}
