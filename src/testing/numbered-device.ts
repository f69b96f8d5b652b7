import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Outcome } from '../core/items.ts'
import type { Conservation } from './conservation.ts'
import { NumberRuns } from './number-runs.ts'
import type { Heard, NumberedSpeech } from './numbered-speech.ts'
import { wholeInRange } from './option-range.ts'

/** Options of {@link NumberedDevice}. */
export interface NumberedDeviceOptions {
  readonly deviceId: string
  readonly speech: NumberedSpeech
  readonly conservation: Conservation
  /** Opens a connection to the gateway; called again after each loss. */
  readonly connect: () => Duplex
  /** How many readings it sends, numbered from 1; 0 to 1000000. */
  readonly readings: number
  /** Readings written and not answered at most, 1 to 10000; default 8. */
  readonly window?: number
  /** What it answers to a command, by its id; undefined never answers. The same for the same id. Default `complete`. */
  readonly answerTo?: (commandId: string) => Outcome | undefined
  /**
   * A connection on which nothing is heard for so long, while something is owed, is given up; 1 to 600000, default 2000. Twice as long after each
   * connection without a receipt, up to 16 times: one that is merely slow must not be left for ever.
   */
  readonly patienceMs?: number
  /** The first pause before it connects again, 1 to 60000; twice as long after each failure, up to 20 times. Default 5. */
  readonly reconnectMs?: number
  /** False where somebody else tells the oracle of commands as they are written, such as a link. Default true. */
  readonly tellsOfCommands?: boolean
}

/**
 * A device that is owed something: it sends its readings in a window and goes back to the oldest that was not acknowledged after each loss
 * and each refusal for now, over as many connections as that takes, and answers commands, the same way each time. Tells the oracle all of it.
 */
export class NumberedDevice extends EventEmitter<{ acked: [number: number]; command: [id: string] }> {
  readonly deviceId: string
  readonly #options: Required<NumberedDeviceOptions>
  /** Acknowledged or refused for good. */
  readonly #settled = new NumberRuns()
  #next = 1
  #connection: Duplex | undefined
  #welcome = false
  #failures = 0
  #stopped = false
  #patience: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined
  #finished: (() => void)[] = []
  #closed: (() => void)[] = []
  /** Connections opened so far. */
  connections = 0

  /** Throws `CONFIGURATION` where an option is out of range. */
  constructor(options: NumberedDeviceOptions) {
    super()
    this.deviceId = options.deviceId
    const answerTo = (): Outcome => 'complete'
    const defaults = { window: 8, answerTo, patienceMs: 2000, reconnectMs: 5, tellsOfCommands: true }
    this.#options = { ...defaults, ...options }
    const { readings, window, patienceMs, reconnectMs } = this.#options
    wholeInRange('NumberedDevice', 'readings', readings, 0, 1_000_000)
    wholeInRange('NumberedDevice', 'window', window, 1, 10_000)
    wholeInRange('NumberedDevice', 'patienceMs', patienceMs, 1, 600_000)
    wholeInRange('NumberedDevice', 'reconnectMs', reconnectMs, 1, 60_000)
  }

  /** Readings that are acknowledged or refused for good. */
  get settled(): number {
    return this.#settled.size
  }

  /** Connects, and goes on until {@link NumberedDevice.end} or {@link NumberedDevice.destroy}. */
  start(): void {
    this.#connect()
  }

  /** Resolves when each reading is acknowledged or refused for good. It stays connected, for commands. */
  async finished(): Promise<void> {
    if (!this.#isDone) await new Promise<void>((resolve) => this.#finished.push(resolve))
  }

  /** Ends with FIN; resolves when the gateway has closed too. */
  async end(): Promise<void> {
    this.#stop()
    const connection = this.#connection
    if (connection === undefined) return
    const closed = new Promise<void>((resolve) => this.#closed.push(resolve))
    connection.end()
    this.#patience = setTimeout(() => connection.destroy(), this.#options.patienceMs)
    await closed
  }

  /** Ends at once. */
  destroy(): void {
    this.#stop()
    this.#connection?.destroy()
  }

  get #oldest(): number {
    return this.#settled.firstMissing(1)
  }

  get #isDone(): boolean {
    return this.#settled.size >= this.#options.readings
  }

  #stop(): void {
    this.#stopped = true
    clearTimeout(this.#patience)
    clearTimeout(this.#pause)
  }

  #connect(): void {
    const { speech, deviceId, connect } = this.#options
    const connection = connect()
    this.connections++
    this.#connection = connection
    this.#welcome = speech.welcomes === false
    this.#next = this.#oldest
    const listen = speech.listen()
    connection.on('data', (bytes: Buffer) => {
      for (const heard of listen(bytes)) this.#hear(heard, connection)
    })
    connection.on('drain', () => this.#send())
    connection.on('error', () => connection.destroy())
    connection.once('end', () => connection.end())
    connection.once('close', () => this.#lost())
    connection.write(speech.hello(deviceId))
    this.#wait()
    this.#send()
  }

  #lost(): void {
    clearTimeout(this.#patience)
    this.#connection = undefined
    for (const resolve of this.#closed.splice(0)) resolve()
    if (this.#stopped) return
    const { reconnectMs } = this.#options
    const pauseMs = Math.min(reconnectMs * 2 ** Math.min(this.#failures, 5), reconnectMs * 20)
    this.#failures++
    this.#pause = setTimeout(() => this.#connect(), pauseMs)
  }

  /** A gateway that says nothing for too long while it owes an answer is left. */
  #wait(): void {
    clearTimeout(this.#patience)
    const isOwed = !this.#welcome || this.#next > this.#oldest
    if (this.#stopped || !isOwed) return
    const patienceMs = this.#options.patienceMs * 2 ** Math.min(this.#failures, 4)
    this.#patience = setTimeout(() => this.#connection?.destroy(), patienceMs)
  }

  #send(): void {
    const { deviceId, speech, conservation, readings, window } = this.#options
    const connection = this.#connection
    if (connection === undefined || connection.destroyed || !this.#welcome || this.#stopped) return
    const end = Math.min(readings + 1, this.#oldest + window)
    while (this.#next < end && !connection.writableNeedDrain && !connection.writableEnded) {
      conservation.sent(deviceId, this.#next)
      connection.write(speech.reading(deviceId, this.#next))
      this.#next++
    }
  }

  #hear(heard: Heard, connection: Duplex): void {
    if (connection !== this.#connection) return
    if (heard.said === 'welcome') this.#welcome = true
    else if (heard.said === 'refused') connection.destroy()
    else if (heard.said === 'command') this.#obey(heard.id, connection)
    else this.#receive(heard.number, heard.outcome)
    this.#send()
    this.#wait()
  }

  #receive(number: number, outcome: Outcome): void {
    const { deviceId, conservation } = this.#options
    conservation.received(deviceId, number, outcome)
    this.#failures = 0
    if (outcome === 'abandon') {
      // Refusals of those behind it are of the same flight: it all goes again from here.
      if (number === this.#oldest) this.#next = number
      return
    }
    if (!this.#settled.add(number)) return
    this.#next = Math.max(this.#next, this.#oldest)
    this.emit('acked', number)
    if (this.#isDone) for (const resolve of this.#finished.splice(0)) resolve()
  }

  #obey(id: string, connection: Duplex): void {
    const { deviceId, speech, conservation, answerTo, tellsOfCommands } = this.#options
    if (tellsOfCommands) conservation.commandWritten(id, deviceId, Date.now())
    const outcome = answerTo(id)
    this.emit('command', id)
    if (outcome === undefined || connection.writableEnded) return
    conservation.commandAnswered(id, deviceId, outcome)
    connection.write(speech.answer(id, outcome))
  }
}
