import { connect, type Socket } from 'node:net'
import type { Outcome } from '../../src/core/items.ts'
import type { Conservation } from '../../src/testing/conservation.ts'
import type { CommandAnswer } from './schedule.ts'

/** What a chaos device is told of itself. */
export interface ChaosDeviceOptions {
  readonly deviceId: string
  /** Its key, where the gateway does not hold the credentials. */
  readonly key: string | undefined
  readonly port: number
  readonly window: number
  readonly burst: number
  readonly oracle: Conservation
  /** What it makes of a command; undefined for one that is nobody's. */
  readonly answerTo: (commandId: string) => CommandAnswer | undefined
}

const tickMs = 20
const reconnectMs = 30

/**
 * A device that speaks jsonLines and wants all of its numbered readings at the hub, in their order: it sends from the oldest that is not
 * acknowledged, at most a window of them, and after a refusal or a lost connection starts again from there.
 */
export class ChaosDevice {
  readonly deviceId: string
  readonly #options: ChaosDeviceOptions
  #socket: Socket | undefined
  #welcome = false
  #rest = ''
  /** The oldest reading that is not acknowledged. */
  #oldest = 0
  /** The next to be written on this connection. */
  #next = 0
  /** How many readings there are so far. */
  #made = 0
  #producing = true
  /** Something was refused: no new ones until all that is on its way is answered, then from the oldest again. */
  #goingBack = false
  /** Readings of this connection in the order written, which have no receipt yet. */
  #unanswered: number[] = []
  readonly #timer: NodeJS.Timeout
  #reconnect: NodeJS.Timeout | undefined
  #stopped = false
  #waiting: (() => void)[] = []
  #lastHeardAt = Date.now()

  constructor(options: ChaosDeviceOptions) {
    this.deviceId = options.deviceId
    this.#options = options
    this.#timer = setInterval(() => this.#tick(), tickMs)
    this.#connect()
  }

  /** Makes no new readings, and resolves when all that there are have been acknowledged. */
  async finished(): Promise<void> {
    this.#producing = false
    while (this.#oldest < this.#made) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Vanishes. */
  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#reconnect)
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true })
    this.#socket = socket
    this.#welcome = false
    this.#rest = ''
    this.#goingBack = false
    this.#unanswered = []
    this.#next = this.#oldest
    this.#lastHeardAt = Date.now()
    const { deviceId, key } = this.#options
    socket.write(`${JSON.stringify({ $hello: key === undefined ? { deviceId } : { deviceId, key } })}\n`)
    socket.on('data', (chunk) => this.#hear(chunk.toString()))
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (this.#stopped || this.#socket !== socket) return
      this.#welcome = false
      this.#reconnect = setTimeout(() => this.#connect(), reconnectMs)
    })
  }

  #tick(): void {
    if (this.#producing) this.#made += this.#options.burst
    // A connection that says nothing for so long is taken for dead, as devices do.
    if (Date.now() - this.#lastHeardAt > 1500 && (this.#unanswered.length > 0 || !this.#welcome))
      this.#socket?.destroy()
    this.#write()
  }

  #write(): void {
    const socket = this.#socket
    if (!this.#welcome || socket === undefined || socket.writableNeedDrain || this.#goingBack) return
    const until = Math.min(this.#made, this.#oldest + this.#options.window)
    let lines = ''
    for (; this.#next < until; this.#next++) {
      this.#options.oracle.sent(this.deviceId, this.#next)
      this.#unanswered.push(this.#next)
      lines += `${JSON.stringify({ $seq: this.#next, d: this.deviceId, n: this.#next, v: this.#next * 7 })}\n`
    }
    if (lines !== '') socket.write(lines)
  }

  #hear(text: string): void {
    this.#lastHeardAt = Date.now()
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#hearLine(JSON.parse(line) as Record<string, unknown>)
    this.#write()
  }

  #hearLine(said: Record<string, unknown>): void {
    if ('$welcome' in said) this.#welcome = true
    else if ('$ack' in said) this.#receipt(said.$ack as number, 'complete')
    else if ('$nack' in said) this.#receipt(said.$nack as number, said.retry === true ? 'abandon' : 'reject')
    else if ('$command' in said) this.#command((said.$command as { id: string }).id)
    // An error ends the connection, and the device tries again.
    else if ('$error' in said) this.#socket?.destroy()
  }

  #receipt(number: number, outcome: Outcome): void {
    this.#options.oracle.receipt(this.deviceId, number, outcome)
    this.#unanswered = this.#unanswered.filter((each) => each !== number)
    if (outcome === 'abandon') this.#goingBack = true
    else if (number === this.#oldest) this.#oldest++
    if (this.#goingBack && this.#unanswered.length === 0) {
      this.#goingBack = false
      this.#next = this.#oldest
    }
    if (this.#oldest < this.#made) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #command(id: string): void {
    const answer = this.#options.answerTo(id)
    if (answer === undefined || answer === 'ignore') return
    const outcome = answer === 'twice' ? 'complete' : answer
    this.#options.oracle.commandAnswered(id, this.deviceId, outcome)
    const line = `${JSON.stringify({ $answer: id, outcome })}\n`
    this.#socket?.write(answer === 'twice' ? line + line : line)
  }
}
