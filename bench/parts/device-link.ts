import { once } from 'node:events'
import type { Socket } from 'node:net'

/** A device's end of its connection: whoever waits for something on it hears when it broke, or when what came was wrong. */
export class DeviceLink {
  readonly socket: Socket
  /** Rejects when the connection ended or the device failed it; never resolves. */
  readonly failed: Promise<never>
  readonly #closed: Promise<unknown>
  #fail: (error: Error) => void = () => {}

  /** `peer` is what the other end is called in errors. */
  constructor(socket: Socket, peer: string, hear: (chunk: Buffer) => void) {
    this.socket = socket
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject
    })
    // Who waits for something hears of it; a device that is only being closed does not care.
    this.failed.catch(() => {})
    this.#closed = once(socket, 'close')
    socket.on('error', (error) => this.fail(error))
    socket.on('close', () => this.fail(new Error(`the ${peer} closed the connection`)))
    socket.on('data', hear)
  }

  /** The first reason counts. */
  fail(error: Error): void {
    this.#fail(error)
  }

  /** Sends FIN; resolves when the other end has closed too. */
  async close(): Promise<void> {
    this.socket.end()
    await this.#closed
  }
}
