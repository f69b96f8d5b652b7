import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** A device's end of a real socket, on which every event can be awaited. */
export class RawDevice {
  readonly socket: Socket
  #received = ''
  /** Set when the gateway's FIN came, the socket closed, or broke. */
  ended = false
  closed = false
  error: NodeJS.ErrnoException | undefined
  readonly #changes = new EventEmitter().setMaxListeners(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => this.#change(() => (this.#received += chunk)))
    socket.on('end', () => this.#change(() => (this.ended = true)))
    socket.on('error', (error) => this.#change(() => (this.error = error)))
    socket.on('close', () => this.#change(() => (this.closed = true)))
  }

  /** Connects over TCP; the socket stays half-open when the gateway ends its side. */
  static async connect(port: number, firstWords = ''): Promise<RawDevice> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    const device = new RawDevice(socket)
    if (firstWords !== '') device.write(firstWords)
    return device
  }

  static async connectTls(port: number, ca: string): Promise<RawDevice> {
    const socket = connectTls({ port, host: 'localhost', ca })
    await once(socket, 'secureConnect')
    return new RawDevice(socket)
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** Writes, and resolves when the system has taken all of it. Rejects if the connection breaks before. */
  flushed(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(text, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The device's FIN. */
  end(): void {
    this.socket.end()
  }

  /** The device's RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** The next line without its `\n`. Rejects if the gateway ends or breaks the connection first. */
  async line(): Promise<string> {
    await this.until(() => this.#received.includes('\n') || this.ended || this.closed)
    const length = this.#received.indexOf('\n')
    if (length < 0) throw new Error(`the gateway ended before a line came: ${this.error?.code ?? 'FIN'}`)
    const line = this.#received.slice(0, length)
    this.#received = this.#received.slice(length + 1)
    return line
  }

  async lines(count: number): Promise<string[]> {
    const lines: string[] = []
    while (lines.length < count) lines.push(await this.line())
    return lines
  }

  /** Everything that came and was not read, once the gateway has ended its side. */
  async rest(): Promise<string> {
    await this.until(() => this.ended || this.closed)
    return this.#received
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#changes, 'change')
  }

  #change(note: () => void): void {
    note()
    this.#changes.emit('change')
  }
}

export const helloLine = (deviceId = 'd1', key = 'k'): string =>
  `{"$hello":{"deviceId":"${deviceId}","key":"${key}"}}\n`
export const readingLine = (sequence: number): string => `{"$seq":${sequence},"t":20}\n`
