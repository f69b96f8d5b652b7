import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Batch, Command, Receipt, Report, Telemetry } from '../core/items.ts'
import type { Batches, Messages } from '../core/levels.ts'
import { maxSendBytes, messageBytes } from '../core/message-size.ts'
import { type ActiveContext, type ActiveHalf, type Stage, stage } from '../core/stage.ts'
import type { Packing } from './packing.ts'
import { type Packs, packed, withoutContent } from './packs.ts'
import { sharedUnfolding, unfolding } from './unfolding.ts'

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
  if (pack !== undefined) {
    return stage<Messages, Batches>('batch', (connection) => {
      const packs: Packs = new Map()
      return {
        up: new Batcher(limits, connection, (messages) => packed(messages, pack, packs, connection)),
        down: unfolding(packs, connection.meter),
      }
    })
  }
  return stage<Messages, Batches>('batch', (connection) => ({
    up: new Batcher(limits, connection, asTheyAre),
    down: sharedUnfolding(connection.meter),
  }))
}

function asTheyAre(messages: (Telemetry | Report)[]): (Telemetry | Report)[] {
  return messages
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `batch: ${name} must be an integer from ${min} to ${max}, not ${value}`)
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

type Item = Batches['up']

/** The collecting half. An active one, because a linger gives out what no item brings, and a batch keeps filling while the one before it waits for room. */
class Batcher implements ActiveHalf<Messages['up'], Item> {
  readonly #limits: Limits
  readonly #connection: Connection
  readonly #prepare: (messages: (Telemetry | Report)[]) => (Telemetry | Report)[]
  #context: ActiveContext<Item> | undefined
  /** Made for the first: one that was made when the last batch left would be cold by then. */
  #messages: (Telemetry | Report)[] | undefined
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  /** What comes next has room for a batch. */
  #room = true
  /** What is collected should go as soon as there is room. */
  #due = false
  #held: (() => void) | undefined

  constructor(
    limits: Limits,
    connection: Connection,
    prepare: (messages: (Telemetry | Report)[]) => (Telemetry | Report)[],
  ) {
    this.#prepare = prepare
    this.#limits = limits
    this.#connection = connection
  }

  start(context: ActiveContext<Item>): void {
    this.#context = context
  }

  push(item: Messages['up']): Promise<void> | undefined {
    if (item.kind === 'receipt') {
      // What waits is bounded by the commands that the device was given, and no reading shall wait for it.
      void this.#context?.give(item satisfies Receipt<Command>)
      return undefined
    }
    if (item.kind === 'hello') {
      throw new GatewayError('BUG', 'a hello reached the batcher: no authenticate stage answers it', {
        stage: 'batch.up',
      })
    }
    const bytes = this.#sizeOf(item)
    if (this.#messages !== undefined && this.#bytes + bytes > this.#limits.maxBytes) {
      const pending = this.#whenFlushed()
      if (pending !== undefined) return this.#addLater(pending, item, bytes)
    }
    return this.#add(item, bytes)
  }

  // Apart: a function whose variables a closure holds makes memory each time it is called.
  #addLater(pending: Promise<void>, item: Telemetry | Report, bytes: number): Promise<void> {
    return pending.then(() => this.#add(item, bytes))
  }

  end(): Promise<void> | undefined {
    return this.#whenFlushed()
  }

  destroy(): void {
    clearTimeout(this.#timer)
    this.#room = false
    this.#held?.()
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

  #add(item: Telemetry | Report, bytes: number): Promise<void> | undefined {
    if (this.#messages === undefined) this.#messages = [slim(item)]
    else this.#messages.push(slim(item))
    this.#bytes += bytes
    const { maxCount, maxBytes, lingerMs } = this.#limits
    if (this.#messages.length >= maxCount || this.#bytes >= maxBytes) return this.#whenFlushed()
    // What is due goes with the first room.
    if (!this.#due) this.#timer ??= setTimeout(lingered, lingerMs, this)
    return undefined
  }

  /** The first message has waited long enough. */
  lingered(): void {
    // It has fired: clearing it would make Node look for it.
    this.#timer = undefined
    this.#due = true
    this.#flush()
  }

  /** Gives out what is collected: at once where there is room, else the promise resolves when that has been done. */
  #whenFlushed(): Promise<void> | undefined {
    this.#due = true
    this.#flush()
    if (!this.#due) return undefined
    return new Promise((resolve) => {
      this.#held = resolve
    })
  }

  #flush(): void {
    if (this.#messages !== undefined) {
      if (!this.#room) return
      const full: Batch = { kind: 'batch', messages: this.#prepare(this.#messages), bytes: this.#bytes }
      this.#messages = undefined
      this.#bytes = 0
      this.#giveOut(full)
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#due = false
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  #giveOut(full: Batch): void {
    const pending = this.#context?.give(full)
    if (pending === undefined) return
    this.#room = false
    void pending.then(() => {
      this.#room = true
      if (this.#due) this.#flush()
    })
  }
}

/** The same for all batchers, where a closure would be made for each batch. */
function lingered(batcher: Batcher): void {
  batcher.lingered()
}
