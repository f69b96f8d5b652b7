import { Duplex } from 'node:stream'
import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import {
  type Batch,
  type Command,
  failedReceipt,
  type Receipt,
  type Report,
  receipt,
  type Telemetry,
} from '../core/items.ts'
import type { Batches, Messages } from '../core/levels.ts'
import { maxSendBytes, messageBytes } from '../core/message-size.ts'
import type { PipelineMeter } from '../core/meter.ts'
import { type Outlet, type Stage, stage } from '../core/stage.ts'
import type { Packing } from './packing.ts'
import { type Packs, packed, withoutContent } from './packs.ts'

/** Options of {@link batch}. */
export interface BatchOptions {
  /** Messages in a batch, 1 to 500; default 100. */
  readonly maxCount?: number
  /** Bytes in a batch as the hub counts them, at most 261119 (255 KiB less one byte); default 180000. */
  readonly maxBytes?: number
  /** How long the first message of a batch may wait for others; default 50. 0 sends what one turn of the event loop brings. */
  readonly lingerMs?: number
  /**
   * Joins readings of the device into fewer messages, because the hub's daily quota counts messages of 4 KB and not requests:
   * {@link jsonArray}, {@link newlineJoined}, or a {@link packing} of your own. Every reading still has its own receipt; `maxCount` and `maxBytes`
   * count readings. What the hub says of a packed message holds for all its readings. Default: every reading is a message.
   */
  readonly pack?: Packing
}

/**
 * Collects telemetry and reports until count, bytes or linger says so, and unfolds a batch's receipt into the receipts of
 * its messages, in their order. Full and not read from, it holds its writer.
 */
export function batch(options: BatchOptions = {}): Stage<Messages, Batches> {
  const limits = {
    maxCount: inRange('maxCount', options.maxCount ?? 100, 1, 500),
    maxBytes: inRange('maxBytes', options.maxBytes ?? 180_000, 1, maxSendBytes),
    lingerMs: inRange('lingerMs', options.lingerMs ?? 50, 0, 60_000),
  }
  const { pack } = options
  return stage<Messages, Batches>('batch', (connection) => {
    const packs: Packs = new Map()
    return {
      up: new Batcher(limits, connection, (messages) =>
        pack === undefined ? messages : packed(messages, pack, packs, connection),
      ),
      down: (item, out) => unfold(item, out, packs, connection.meter),
    }
  })
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `batch: ${name} must be an integer from ${min} to ${max}, not ${value}`)
}

function unfold(
  item: Batches['down'],
  out: Outlet<Messages['down'], Batches['up']>,
  packs: Packs,
  meter: PipelineMeter,
): void {
  if (item.kind === 'command') {
    out.emit(item)
    return
  }
  const { messages } = item.of
  for (const message of messages) {
    const error = item.exceptions.get(message) ?? item.error
    const readings = packs.get(message)
    packs.delete(message)
    for (const each of readings ?? [message]) {
      const one = error === undefined ? receipt(each, item.outcome) : failedReceipt(each, error)
      meter.countReceipt(each.kind, one.outcome)
      out.emit(one)
    }
  }
}

/**
 * What is needed from here on. The decoded value may be many times the size of the bytes that the limits count, and of a
 * refused message only the receipt is still owed.
 */
function slim(item: Telemetry | Report): Telemetry | Report {
  if (item.kind === 'report') return item.refused === undefined ? item : { ...item, patch: {} }
  // Copies: the refused one may be kept whole by whoever gets the dead letters.
  if (item.alreadyAccepted || item.refused !== undefined) return withoutContent(item)
  item.value = undefined
  return item
}

type Limits = Required<Omit<BatchOptions, 'pack'>>

/** The collecting half. A Duplex rather than a Transform, because a batch keeps filling while the one before it waits to be read. */
class Batcher extends Duplex {
  readonly #limits: Limits
  readonly #connection: Connection
  readonly #prepare: (messages: (Telemetry | Report)[]) => (Telemetry | Report)[]
  #messages: (Telemetry | Report)[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  /** The reader has asked for more than was pushed. */
  #room = false
  /** What is collected should go as soon as there is room. */
  #due = false
  #held: (() => void) | undefined

  constructor(
    limits: Limits,
    connection: Connection,
    prepare: (messages: (Telemetry | Report)[]) => (Telemetry | Report)[],
  ) {
    super({ objectMode: true, readableHighWaterMark: 1, writableHighWaterMark: 16 })
    this.#prepare = prepare
    this.#limits = limits
    this.#connection = connection
  }

  override _write(item: Messages['up'], _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (item.kind === 'receipt') {
      this.push(item satisfies Receipt<Command>)
      done()
      return
    }
    if (item.kind === 'hello') {
      done(
        new GatewayError('BUG', 'a hello reached the batcher: no authenticate stage answers it', { stage: 'batch.up' }),
      )
      return
    }
    const bytes = this.#sizeOf(item)
    if (this.#messages.length > 0 && this.#bytes + bytes > this.#limits.maxBytes) {
      this.#whenFlushed(() => this.#add(item, bytes, done))
    } else {
      this.#add(item, bytes, done)
    }
  }

  override _read(): void {
    this.#room = true
    if (this.#due) this.#flush()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#whenFlushed(() => {
      this.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    done(error)
  }

  /** A message that no batch can carry stays in its place, refused, and counts no bytes. */
  #sizeOf(item: Telemetry | Report): number {
    if (item.kind === 'report' || item.refused !== undefined || item.alreadyAccepted) return 0
    const bytes = messageBytes(item)
    if (bytes <= maxSendBytes) return bytes
    const message = `a message of ${bytes} bytes exceeds the hub's limit of ${maxSendBytes}`
    item.refused = new GatewayError('MESSAGE_TOO_LARGE', message, { stage: 'batch.up' })
    this.#connection.refused(item.refused, [item])
    return 0
  }

  #add(item: Telemetry | Report, bytes: number, done: () => void): void {
    this.#messages.push(slim(item))
    this.#bytes += bytes
    const { maxCount, maxBytes, lingerMs } = this.#limits
    if (this.#messages.length >= maxCount || this.#bytes >= maxBytes) {
      this.#whenFlushed(done)
      return
    }
    this.#timer ??= setTimeout(() => {
      this.#due = true
      this.#flush()
    }, lingerMs)
    done()
  }

  /** Runs `then` once what is collected has been pushed: at once where there is room, else when the reader asks. */
  #whenFlushed(then: () => void): void {
    this.#due = true
    this.#held = then
    this.#flush()
  }

  #flush(): void {
    if (this.#messages.length > 0) {
      if (!this.#room) return
      const full: Batch = { kind: 'batch', messages: this.#prepare(this.#messages), bytes: this.#bytes }
      this.#messages = []
      this.#bytes = 0
      this.#room = this.push(full)
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#due = false
    const held = this.#held
    this.#held = undefined
    held?.()
  }
}
