import { randomBytes } from 'node:crypto'
import { GatewayError } from '../../core/errors.ts'
import { type Telemetry, telemetry } from '../../core/items.ts'
import { messageBytes } from '../../core/message-size.ts'
import type { DeviceBacklog, KnownDevice, SpoolStore, SpoolTotals, StoredMessage } from './store.ts'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Room for so many bytes, from 1; default no limit. */
  readonly maxBytes?: number
  /** Messages older than that are given up, from 1; default never. */
  readonly maxAgeMs?: number
}

/** A store in process, for tests: it outlives closing and opening, and nothing else. */
export class MemoryStore implements SpoolStore {
  readonly maxAgeMs: number
  readonly #maxBytes: number
  readonly #salt = randomBytes(16)
  readonly #messages = new Map<string, StoredMessage[]>()
  readonly #known = new Map<string, KnownDevice>()
  #sequence = 0
  #count = 0
  #bytes = 0

  constructor({ maxBytes = Number.POSITIVE_INFINITY, maxAgeMs = Number.POSITIVE_INFINITY }: MemoryStoreOptions = {}) {
    for (const [name, value] of Object.entries({ maxBytes, maxAgeMs })) {
      if (!(value >= 1))
        throw new GatewayError('CONFIGURATION', `memoryStore: ${name} must be at least 1, not ${value}`)
    }
    this.#maxBytes = maxBytes
    this.maxAgeMs = maxAgeMs
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  salt(): Buffer {
    return this.#salt
  }

  async append(deviceId: string, messages: readonly Telemetry[], trust: string | undefined): Promise<void> {
    let added = 0
    for (const message of messages) added += messageBytes(message)
    if (added > this.#maxBytes) {
      throw new GatewayError('MESSAGE_TOO_LARGE', `${added} bytes do not fit into a spool of ${this.#maxBytes}`)
    }
    if (this.#bytes + added > this.#maxBytes) {
      throw new GatewayError('SPOOL_FULL', `the spool holds ${this.#bytes} of ${this.#maxBytes} bytes`)
    }
    const storedAt = Date.now()
    const queue = this.#messages.get(deviceId) ?? []
    this.#messages.set(deviceId, queue)
    for (const message of messages) {
      const copy = telemetry(message.body, { ...message, value: undefined, tag: undefined })
      queue.push({ sequence: this.#sequence++, storedAt, bytes: messageBytes(message), trust, message: copy })
    }
    this.#count += messages.length
    this.#bytes += added
  }

  async oldest(deviceId: string, maxMessages: number, maxBytes: number): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = []
    let bytes = 0
    for (const each of this.#messages.get(deviceId) ?? []) {
      bytes += messageBytes(each.message)
      if (found.length > 0 && (found.length >= maxMessages || bytes > maxBytes)) break
      found.push(each)
    }
    return found
  }

  async remove(deviceId: string, messages: readonly StoredMessage[]): Promise<void> {
    const gone = new Set(messages.map(({ sequence }) => sequence))
    const queue = this.#messages.get(deviceId) ?? []
    const left = queue.filter(({ sequence }) => !gone.has(sequence))
    for (const { sequence, bytes } of queue) if (gone.has(sequence)) this.#bytes -= bytes
    this.#count -= queue.length - left.length
    if (left.length === 0) this.#messages.delete(deviceId)
    else this.#messages.set(deviceId, left)
  }

  *backlogs(): Iterable<DeviceBacklog> {
    for (const [deviceId, queue] of this.#messages) {
      let bytes = 0
      for (const each of queue) bytes += each.bytes
      yield { deviceId, messages: queue.length, bytes, oldestAt: (queue[0] as StoredMessage).storedAt }
    }
  }

  totals(): SpoolTotals {
    let oldestAt: number | undefined
    for (const [first] of this.#messages.values()) {
      if (first !== undefined && !(first.storedAt >= (oldestAt ?? Number.POSITIVE_INFINITY))) oldestAt = first.storedAt
    }
    return { messages: this.#count, bytes: this.#bytes, oldestAt, damaged: 0 }
  }

  async known(deviceId: string): Promise<KnownDevice | undefined> {
    return this.#known.get(deviceId)
  }

  async remember(deviceId: string, known: KnownDevice): Promise<void> {
    this.#known.set(deviceId, known)
  }
}

/** Makes a store in process. Throws `CONFIGURATION` for options out of range. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new MemoryStore(options)
}
