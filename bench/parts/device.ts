import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { DeviceLink } from './device-link.ts'
import { firstSequence, takeLines } from './lines.ts'

/** Who a device is, with its key where the gateway asks for one. */
export interface DeviceClaim {
  readonly deviceId: string
  readonly key?: string
}

/** What a device sends. */
export interface Load {
  readonly block: Buffer
  /** Its lines ask for acknowledgements. */
  readonly numbered: boolean
  /** Of a line. */
  readonly lineBytes: number
}

/** One device of a generator. It writes lines that were made before, so that it costs less than what it measures. */
export class Device {
  readonly #load: Load
  readonly #link: DeviceLink
  readonly #stands: Promise<unknown>
  #welcomed: (() => void) | undefined
  #rest = ''
  #next = firstSequence
  #expected = firstSequence
  /** When those readings were due whose latency is wanted, by sequence number. */
  readonly #dueAt = new Map<number, number>()
  #heardSome: (() => void) | undefined
  #allAnswered: (() => void) | undefined
  /** From the moment that a reading was due to its acknowledgement. */
  latenciesMs: number[] = []
  /** The same with the moment of each acknowledgement, milliseconds of `Date.now()`. */
  heard: { readonly at: number; readonly ms: number }[] = []

  /** Over TLS where `ca` says whom it trusts. */
  constructor(port: number, load: Load, ca?: string) {
    this.#load = load
    const to = { host: '127.0.0.1', port, noDelay: true }
    const socket = ca === undefined ? connect(to) : connectTls({ ...to, ca, servername: 'localhost' })
    this.#stands = once(socket, ca === undefined ? 'connect' : 'secureConnect')
    // Where it fails, the link says so too.
    this.#stands.catch(() => {})
    this.#link = new DeviceLink(socket, 'gateway', (chunk) => this.#hear(chunk))
  }

  /** True while both ends hold the connection. */
  get open(): boolean {
    return this.#link.socket.readyState === 'open'
  }

  /** Readings whose acknowledgement came, in order. */
  get acknowledged(): number {
    return this.#expected - firstSequence
  }

  /** Resolves when the connection stands, its TLS handshake too. */
  async connected(): Promise<void> {
    await Promise.race([this.#stands, this.#link.failed])
  }

  /** Resolves when the connection stands, and the device is welcome if it has a claim. */
  async greet(claim: DeviceClaim | undefined): Promise<void> {
    await this.connected()
    if (claim === undefined) return
    const welcomed = new Promise<void>((resolve) => {
      this.#welcomed = resolve
    })
    this.#link.socket.write(`${JSON.stringify({ $hello: claim })}\n`)
    await Promise.race([welcomed, this.#link.failed])
  }

  /** Writes so many readings; resolves when the gateway has read enough to want more. Rejects if it closes. */
  async write(count: number, dueAt?: number): Promise<void> {
    const { block, numbered, lineBytes } = this.#load
    for (let left = count; left > 0; ) {
      const lines = takeLines(block, numbered, this.#next, left, lineBytes)
      const taken = lines.length / lineBytes
      if (dueAt !== undefined) for (let each = 0; each < taken; each++) this.#dueAt.set(this.#next + each, dueAt)
      left -= taken
      this.#next += taken
      if (!this.#link.socket.write(lines)) await Promise.race([once(this.#link.socket, 'drain'), this.#link.failed])
    }
  }

  /** Resolves when fewer readings than that wait for their acknowledgement. */
  async fewerUnanswered(count: number): Promise<void> {
    while (this.#next - this.#expected >= count) {
      const heard = new Promise<void>((resolve) => {
        this.#heardSome = resolve
      })
      await Promise.race([heard, this.#link.failed])
    }
  }

  /** Resolves when every reading is acknowledged. Rejects on any other answer, and if the gateway closes. */
  async answered(): Promise<void> {
    if (this.#expected === this.#next) return
    const answered = new Promise<void>((resolve) => {
      this.#allAnswered = resolve
    })
    await Promise.race([answered, this.#link.failed])
  }

  /** Sends FIN; resolves when the gateway has closed too. */
  async close(): Promise<void> {
    await this.#link.close()
  }

  #hear(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#hearLine(line)
    this.#heardSome?.()
    if (this.#expected === this.#next) this.#allAnswered?.()
  }

  #hearLine(line: string): void {
    if (line === `{"$ack":${this.#expected}}`) {
      const dueAt = this.#dueAt.get(this.#expected)
      if (dueAt !== undefined) {
        const ms = performance.now() - dueAt
        this.latenciesMs.push(ms)
        this.heard.push({ at: Date.now(), ms })
      }
      this.#dueAt.delete(this.#expected)
      this.#expected++
    } else if (line.startsWith('{"$welcome":')) {
      this.#welcomed?.()
    } else {
      this.#link.fail(new Error(`the acknowledgement of ${this.#expected} should have come, not ${line}`))
    }
  }
}
