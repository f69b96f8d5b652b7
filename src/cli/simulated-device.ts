import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import split2 from 'split2'
import type { DeviceState } from './device-speech.ts'
import type { Acknowledgement, FleetDevice } from './fleet-device.ts'

/** Options of {@link SimulatedDevice}. */
export interface SimulatedDeviceOptions {
  readonly host: string
  readonly port: number
  readonly deviceId: string
  /** Base64 device key; without it the gateway must hold the credentials. */
  readonly key?: string
}

/** A device that speaks jsonLines over TCP: says hello, sends numbered readings, checks every acknowledgement, answers commands. */
export class SimulatedDevice
  extends EventEmitter<{ command: [id: string]; polled: []; end: [] }>
  implements FleetDevice
{
  readonly #options: SimulatedDeviceOptions
  readonly #waiting = new Map<number, (acknowledgement: Acknowledgement) => void>()
  #socket: Socket | undefined
  #sequence = 0
  #welcomed: ((error?: Error) => void) | undefined
  /** Lines that are no JSON object, answers that match no reading or come out of order: the gateway's fault. */
  protocolErrors = 0
  readonly isPolled = false
  /** It sends nothing twice: what the gateway refused for now is for whoever drives it to send again. */
  readonly resent = 0

  /** Each of its readings is a message. */
  get readings(): number {
    return this.#sequence
  }

  constructor(options: SimulatedDeviceOptions) {
    super()
    this.#options = options
  }

  /** Connects and says hello. Rejects with the gateway's `$error`, or the network's. */
  async connect(): Promise<void> {
    const { host, port, deviceId, key } = this.#options
    const socket = connect({ host, port, noDelay: true })
    this.#socket = socket
    const welcomed = new Promise<void>((resolve, reject) => {
      this.#welcomed = (error) => (error === undefined ? resolve() : reject(error))
    })
    socket.on('error', (error) => this.#welcomed?.(error))
    socket.on('close', () => this.#ended())
    socket.pipe(split2(/\r?\n/, (line: string) => this.#hear(line)))
    this.#write({ $hello: { deviceId, ...(key !== undefined && { key }) } })
    await welcomed
  }

  /** Sends a temperature and its time, as {@link SimulatedDevice.send}. */
  report({ temperature_c, time }: DeviceState): Promise<Acknowledgement> {
    return this.send({ temperature: temperature_c, at: time.toISOString() })
  }

  /** Sends a reading; resolves with what became of it. */
  send(reading: object): Promise<Acknowledgement> {
    if (this.#socket === undefined || this.#socket.destroyed) return Promise.resolve('lost')
    const sequence = ++this.#sequence
    const acknowledged = new Promise<Acknowledgement>((resolve) => this.#waiting.set(sequence, resolve))
    this.#write({ $seq: sequence, ...reading })
    return acknowledged
  }

  /** Resolves when the gateway reads again what was written. */
  async drained(): Promise<void> {
    if (this.#socket?.writableNeedDrain) await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')])
  }

  /** Sends FIN and resolves when the gateway has acknowledged what it has, and closed. */
  async end(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return
    // Closed by a reset is closed too.
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.end()
    await closed
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket?.destroy()
  }

  #write(message: object): void {
    this.#socket?.write(`${JSON.stringify(message)}\n`)
  }

  #hear(line: string): void {
    const message = parseObject(line)
    if (message === undefined) this.protocolErrors++
    else if ('$welcome' in message) this.#welcomed?.()
    else if ('$ack' in message) this.#answered(message.$ack, 'acked')
    else if ('$nack' in message) this.#answered(message.$nack, 'nacked')
    else if ('$command' in message) this.#obey(message.$command as { id: string })
    else if ('$error' in message) this.#refused(message.$error as { code: string; message: string })
  }

  #answered(sequence: unknown, acknowledgement: Acknowledgement): void {
    const [expected] = this.#waiting.keys()
    const resolve = this.#waiting.get(sequence as number)
    if (sequence !== expected) this.protocolErrors++
    this.#waiting.delete(sequence as number)
    resolve?.(acknowledgement)
  }

  #obey(command: { id: string }): void {
    this.#write({ $answer: command.id, outcome: 'complete' })
    this.emit('command', command.id)
  }

  #refused({ code, message }: { code: string; message: string }): void {
    this.#welcomed?.(new Error(`the gateway refused ${this.#options.deviceId}: ${code}: ${message}`))
  }

  #ended(): void {
    this.#welcomed?.(new Error('the gateway closed the connection before it answered the hello'))
    for (const resolve of this.#waiting.values()) resolve('lost')
    this.#waiting.clear()
    this.emit('end')
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
