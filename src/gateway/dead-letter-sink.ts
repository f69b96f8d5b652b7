import type { Connection, DeadLetter, Log } from '../core/connection.ts'
import { silentLog } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Gauge } from '../core/meter.ts'

/**
 * Keeps dead letters somewhere: what `serve` takes as `onDeadLetter`. Whoever makes it closes it, when the gateway is closed. It never
 * throws and never holds a gateway up: what it cannot keep is dropped, counted and told.
 */
export interface DeadLetterSink {
  (letter: DeadLetter, connection: Connection): void
  /** Counts of what it dropped and of what waits, which `serve` exports. */
  readonly gauges: readonly Gauge[]
  /** Resolves when all that waits is kept, or `closeTimeoutMs` is over. Letters that come after it are dropped. */
  close(): Promise<void>
}

/** Options that all sinks have. */
export interface SinkOptions {
  /** Letters that may wait, in bytes, 4096 to 1073741824; default 4194304 (4 MiB). More are dropped. */
  readonly maxWaitingBytes?: number
  /** How long closing waits for letters, and then for what it leads to, 1 to 600000; default 5000. What still waits then is dropped. */
  readonly closeTimeoutMs?: number
  /** Told of dropped letters, at the first and then ever fewer; default: nothing is logged. */
  readonly log?: Log
}

/** Letters of a batch that could not be kept, and why. */
export interface LostLetters {
  readonly count: number
  readonly error: Error
}

/** What makes one sink different from another. `T` is a letter as it waits. */
export interface SinkParts<T> {
  /** For logs and errors. */
  readonly name: string
  /** May throw: the letter is dropped. */
  make(letter: DeadLetter, connection: Connection): T
  bytesOf(letter: T): number
  /** Keeps letters; never called again before it has resolved. What it rejects with holds for all of them. */
  write(letters: readonly T[]): Promise<LostLetters | undefined>
  /** Called once, at the very end, even if a write has not resolved: what that leads to is given up. */
  close?(): Promise<void>
}

/** What a write gets at most, but for a single letter that is larger. */
const maxWriteBytes = 131_072
const maxWriteLetters = 100

/** Makes a sink: a bounded queue in front of something slow. Called by `deadLetterFile` and its like. Throws `CONFIGURATION`. */
export function deadLetterSink<T>(parts: SinkParts<T>, options: SinkOptions): DeadLetterSink {
  const queue = new LetterQueue(parts, {
    maxWaitingBytes: inRange(parts.name, 'maxWaitingBytes', options.maxWaitingBytes ?? 4_194_304, 4096, 1_073_741_824),
    closeTimeoutMs: inRange(parts.name, 'closeTimeoutMs', options.closeTimeoutMs ?? 5000, 1, 600_000),
    log: options.log ?? silentLog,
  })
  const gauges: readonly Gauge[] = [
    {
      name: 'dead_letters_dropped_total',
      help: 'Dead letters that their sink could not keep.',
      type: 'counter',
      read: () => queue.dropped,
    },
    {
      name: 'dead_letters_waiting_bytes',
      help: 'Dead letters that wait to be kept.',
      type: 'gauge',
      read: () => queue.waitingBytes,
    },
  ]
  const keep = (letter: DeadLetter, connection: Connection) => queue.add(letter, connection)
  return Object.assign(keep, { gauges, close: () => queue.close() })
}

/** An option that is an integer in a range. Throws `CONFIGURATION`. */
export function inRange(who: string, name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `${who}: ${name} must be an integer from ${min} to ${max}, not ${value}`)
}

class LetterQueue<T> {
  readonly #parts: SinkParts<T>
  readonly #options: Required<SinkOptions>
  #waiting: { readonly letter: T; readonly bytes: number }[] = []
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** The time for closing was up: what is being written is counted already. */
  #abandoned = false
  /** From a letter that found no room until a quarter of the room is free again. */
  #isFull = false
  waitingBytes = 0
  dropped = 0

  constructor(parts: SinkParts<T>, options: Required<SinkOptions>) {
    this.#parts = parts
    this.#options = options
  }

  add(letter: DeadLetter, connection: Connection): void {
    if (this.#closing !== undefined) {
      this.#drop(1, new Error('the sink is closed'))
      return
    }
    this.#isFull &&= this.waitingBytes > 0.75 * this.#options.maxWaitingBytes
    if (this.#isFull) {
      // A flood is not worth the description of each of its letters.
      this.#drop(1, this.#fullError())
      return
    }
    let made: T
    try {
      made = this.#parts.make(letter, connection)
    } catch (thrown) {
      this.#drop(1, GatewayError.from(thrown))
      return
    }
    const bytes = this.#parts.bytesOf(made)
    if (this.waitingBytes + bytes > this.#options.maxWaitingBytes) {
      this.#isFull = true
      this.#drop(1, this.#fullError())
      return
    }
    this.#waiting.push({ letter: made, bytes })
    this.waitingBytes += bytes
    this.#writing ??= this.#writeAll()
  }

  #fullError(): Error {
    return new Error(`${this.waitingBytes} bytes wait already, of at most ${this.#options.maxWaitingBytes}`)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (!(await this.#inTime(this.#writing))) {
      this.#abandoned = true
      const left = this.#waiting.length
      if (left > 0) this.#drop(left, new Error(`closing took longer than ${this.#options.closeTimeoutMs} ms`))
      this.#waiting = []
      this.waitingBytes = 0
    }
    await this.#inTime(this.#closeParts())
  }

  async #closeParts(): Promise<void> {
    try {
      await this.#parts.close?.()
    } catch (thrown) {
      this.#options.log.warn({ sink: this.#parts.name, error: (thrown as Error).message }, 'closing a sink failed')
    }
  }

  /** False where the promise took too long. */
  async #inTime(promise: Promise<void> | undefined): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const timeUp = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), this.#options.closeTimeoutMs)
    })
    const inTime = await Promise.race([promise?.then(() => true) ?? true, timeUp])
    clearTimeout(timer)
    return inTime
  }

  async #writeAll(): Promise<void> {
    // Letters of one turn of the event loop go together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const { letters, bytes } = this.#next()
      const lost = await this.#attempt(letters)
      if (this.#abandoned) break
      this.#waiting.splice(0, letters.length)
      this.waitingBytes -= bytes
      if (lost !== undefined && lost.count > 0) this.#drop(lost.count, lost.error)
    }
    this.#writing = undefined
  }

  async #attempt(letters: readonly T[]): Promise<LostLetters | undefined> {
    try {
      return await this.#parts.write(letters)
    } catch (thrown) {
      return { count: letters.length, error: GatewayError.from(thrown) }
    }
  }

  #next(): { letters: T[]; bytes: number } {
    const letters: T[] = []
    let bytes = 0
    for (const each of this.#waiting) {
      if (letters.length === maxWriteLetters || (letters.length > 0 && bytes + each.bytes > maxWriteBytes)) break
      letters.push(each.letter)
      bytes += each.bytes
    }
    return { letters, bytes }
  }

  /** A disk that is full stays full for a while: the first is told, then whenever their count has doubled. */
  #drop(count: number, error: Error): void {
    const before = this.dropped
    this.dropped += count
    if (Math.clz32(before) === Math.clz32(this.dropped)) return
    const fields = { sink: this.#parts.name, dropped: this.dropped, error: error.message }
    this.#options.log.warn(fields, 'dead letters dropped')
  }
}
