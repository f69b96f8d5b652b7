import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Deframing, deframing } from './deframing.ts'
import type { DeviceSpeech, DeviceState, Heard, SpokenReport } from './device-speech.ts'
import type { Acknowledgement, FleetDevice } from './fleet-device.ts'

/** Options of {@link ProtocolDevice}. */
export interface ProtocolDeviceOptions {
  readonly host: string
  readonly port: number
  /** How long a report may wait for its answer before it is sent again; default 10000. */
  readonly ackTimeoutMs?: number
  /** How long after the gateway asked for it a report is sent again; default 1000. */
  readonly againMs?: number
}

interface Waiting {
  readonly bytes: Buffer
  readonly resolve: (acknowledgement: Acknowledgement) => void
  timer: NodeJS.Timeout | undefined
}

/**
 * A device of some protocol over TCP: logs in, reports, sends again what was not acknowledged in time, obeys commands. How it
 * speaks is told by a {@link DeviceSpeech}; when, is decided here.
 */
export class ProtocolDevice
  extends EventEmitter<{ command: [id: string]; polled: []; end: [] }>
  implements FleetDevice
{
  readonly #speech: DeviceSpeech
  readonly #options: Required<ProtocolDeviceOptions>
  readonly #deframing: Deframing
  readonly #waiting = new Map<string, Waiting>()
  /** Reports that the window has no room for yet. */
  readonly #queue: { readonly state: DeviceState; readonly resolve: (acknowledgement: Acknowledgement) => void }[] = []
  #socket: Socket | undefined
  #welcomed: ((error?: Error) => void) | undefined
  #ending = false
  #quiet: (() => void) | undefined
  /** What the gateway said that it must not say. */
  protocolErrors = 0
  /** Reports that were sent once more. */
  resent = 0
  /** Messages that its reports become at the hub. */
  readings = 0

  constructor(speech: DeviceSpeech, options: ProtocolDeviceOptions) {
    super()
    this.#speech = speech
    this.#options = { ackTimeoutMs: 10_000, againMs: 1000, ...options }
    this.#deframing = deframing(speech.framing, {
      frame: (frame) => this.#hear(frame),
      error: () => this.protocolErrors++,
    })
  }

  get deviceId(): string {
    return this.#speech.deviceId
  }

  get isPolled(): boolean {
    return this.#speech.isPolled ?? false
  }

  /** Connects and logs in. Rejects when the gateway refuses it or closes, or with the network's error. */
  async connect(): Promise<void> {
    const { host, port } = this.#options
    const socket = connect({ host, port, noDelay: true })
    this.#socket = socket
    const welcomed = new Promise<void>((resolve, reject) => {
      this.#welcomed = (error) => (error === undefined ? resolve() : reject(error))
    })
    socket.on('error', (error) => this.#welcomed?.(error))
    socket.on('close', () => this.#ended())
    socket.on('data', (chunk: Buffer) => this.#deframing.push(chunk))
    socket.once('connect', () => {
      for (const bytes of this.#speech.hello()) socket.write(bytes)
      if (this.#speech.welcomed) this.#welcomed?.()
    })
    await welcomed
  }

  /** Sends a report as soon as the window allows; resolves with what became of it. */
  report(state: DeviceState): Promise<Acknowledgement> {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed || this.#ending) return Promise.resolve('lost')
    if (!this.#speech.answersReports) {
      return new Promise((resolve) => {
        socket.write(this.#spoken(state).bytes, (error) => resolve(error ? 'lost' : 'written'))
      })
    }
    return new Promise((resolve) => {
      this.#queue.push({ state, resolve })
      this.#sendQueued()
    })
  }

  /** Waits for room and answers of what was reported, then sends FIN; resolves when the gateway has closed. */
  async end(): Promise<void> {
    this.#ending = true
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    if (this.#queue.length + this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve
      })
    }
    socket.end()
    await closed
  }

  /** Resolves when the gateway reads again what was written. */
  async drained(): Promise<void> {
    if (this.#socket?.writableNeedDrain) await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')])
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket?.destroy()
  }

  #sendQueued(): void {
    while (this.#waiting.size < this.#speech.window) {
      const next = this.#queue.shift()
      if (next === undefined) return
      const { bytes, key } = this.#spoken(next.state)
      this.#socket?.write(bytes)
      if (key === undefined) next.resolve('written')
      else this.#await(key, { bytes, resolve: next.resolve, timer: undefined })
    }
  }

  #spoken(state: DeviceState): SpokenReport {
    const report = this.#speech.report(state)
    this.readings += report.readings ?? 1
    return report
  }

  #await(key: string, waiting: Waiting): void {
    this.#waiting.set(key, waiting)
    this.#sendAgainIn(this.#options.ackTimeoutMs, waiting)
  }

  #sendAgainIn(timeMs: number, waiting: Waiting): void {
    clearTimeout(waiting.timer)
    waiting.timer = setTimeout(() => {
      this.resent++
      this.#socket?.write(waiting.bytes)
      this.#sendAgainIn(this.#options.ackTimeoutMs, waiting)
    }, timeMs)
  }

  #hear(frame: Buffer): void {
    // What crosses our FIN on its way cannot be answered any more, so it was not obeyed either.
    if (this.#socket?.writableEnded) return
    for (const heard of this.#speech.hear(frame)) this.#act(heard)
  }

  #act(heard: Heard): void {
    switch (heard.kind) {
      case 'welcome':
        this.#welcomed?.()
        break
      case 'refused':
        this.#welcomed?.(new Error(`the gateway refused ${this.deviceId}: ${heard.reason}`))
        break
      case 'acked':
      case 'rejected':
        this.#answered(heard.key, heard.kind === 'acked' ? 'acked' : 'nacked')
        break
      case 'again':
        this.#again(heard.key)
        break
      case 'say':
        this.#socket?.write(heard.bytes)
        break
      case 'command':
        this.emit('command', heard.id)
        break
      case 'polled':
        this.emit('polled')
        break
      case 'unexpected':
        this.protocolErrors++
        break
    }
  }

  #again(key: string): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) this.protocolErrors++
    else this.#sendAgainIn(this.#options.againMs, waiting)
  }

  #answered(key: string, acknowledgement: Acknowledgement): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) {
      // A report that was sent twice is answered twice.
      if (this.resent === 0) this.protocolErrors++
      return
    }
    clearTimeout(waiting.timer)
    this.#waiting.delete(key)
    waiting.resolve(acknowledgement)
    this.#sendQueued()
    if (this.#queue.length + this.#waiting.size === 0) this.#quiet?.()
  }

  #ended(): void {
    this.#welcomed?.(new Error('the gateway closed the connection before the device was welcome'))
    for (const { resolve, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      resolve('lost')
    }
    for (const { resolve } of this.#queue) resolve('lost')
    this.#waiting.clear()
    this.#queue.length = 0
    this.#quiet?.()
    this.emit('end')
  }
}
