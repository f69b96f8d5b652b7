import { EventEmitter, once } from 'node:events'
import { finished } from 'node:stream'
import { Connection, type ConnectionOptions } from '../core/connection.ts'
import type { Pipeline } from '../core/pipeline.ts'
import type { Ring } from '../core/ring.ts'

/** The device's end of a pipeline that runs without a socket. */
export class EmbeddedDevice {
  readonly ring: Ring
  #received = Buffer.alloc(0)
  readonly #changes = new EventEmitter()
  #ended = false

  constructor(ring: Ring) {
    this.ring = ring
    finished(ring.stream, { writable: false }, () => {
      this.#ended = true
      this.#changes.emit('change')
    })
    ring.stream.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#changes.emit('change')
    })
  }

  /** Sends bytes or text; false when the gateway does not take more for now. */
  write(data: Buffer | string): boolean {
    if (this.ring.stream.writableEnded || this.ring.halted) return false
    return this.ring.stream.write(typeof data === 'string' ? Buffer.from(data) : data)
  }

  /** The device's FIN. */
  end(): void {
    this.ring.stream.end()
  }

  /** The next line from the gateway, with its `\n`. Rejects if the gateway ends first. */
  async next(): Promise<string> {
    const bytes = await this.#take(() => this.#received.indexOf(0x0a) + 1)
    return bytes.toString()
  }

  /** The next `length` bytes from the gateway. Rejects if it ends first. */
  read(length: number): Promise<Buffer> {
    return this.#take(() => (this.#received.length >= length ? length : 0))
  }

  /** What came since the last read, without waiting. */
  pending(): Buffer {
    const bytes = this.#received
    this.#received = Buffer.alloc(0)
    return bytes
  }

  /** Resolves when the gateway has said everything and ended its side. */
  async ended(): Promise<void> {
    while (!this.#ended) await once(this.#changes, 'change')
  }

  async #take(enough: () => number): Promise<Buffer> {
    for (;;) {
      const length = enough()
      if (length > 0) {
        const bytes = this.#received.subarray(0, length)
        this.#received = this.#received.subarray(length)
        return bytes
      }
      if (this.#ended) throw new Error('the gateway ended before that came')
      await once(this.#changes, 'change')
    }
  }
}

/** Opens a pipeline for one device without a socket: write as the device, await what it would receive. */
export function embed(pipeline: Pipeline, options: Partial<ConnectionOptions> = {}): EmbeddedDevice {
  return new EmbeddedDevice(pipeline.open(new Connection({ id: 'embedded', pipeline: pipeline.name, ...options })))
}
