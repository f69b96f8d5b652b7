// More than 250 lines: what is stored, what is counted of it and what room is left change together, and are looked after in one place.

import { randomBytes } from 'node:crypto'
import type { Log } from '../../core/connection.ts'
import { silentLog } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Telemetry } from '../../core/items.ts'
import { messageBytes } from '../../core/message-size.ts'
import { isPowerOfTwo } from '../../core/meter.ts'
import { type WorkerPlace, workerPlace } from '../../core/worker-place.ts'
import { BacklogIndex } from './backlog-index.ts'
import { DiskWriter } from './disk-writer.ts'
import { deviceRange, knownKey, knownRange, messageKey, messageRange, parseMessageKey, saltKey } from './keys.ts'
import {
  entriesOf,
  type Level,
  type LevelChange,
  levelWords,
  measure,
  type OpenedLevel,
  openLevel,
  repair,
} from './level.ts'
import { decodeNote, decodeRecord, encodeNote, encodeRecord, type RecordContent, storedAtOf } from './record.ts'
import type { DeviceBacklog, KnownDevice, SpoolStore, SpoolTotals, StoredMessage } from './store.ts'
import { ownDirectory, tellOfOthers } from './worker-directory.ts'

/** Options of {@link disk}. */
export interface DiskOptions {
  /** A directory of the spool's own, made if there is none. It belongs to one process at a time, so a worker has `worker-N` within it. */
  readonly dir: string
  /**
   * What the directory may take, 4 MiB to 2^50; default 1 GiB. Deleted messages count until LevelDB has compacted their files, which is
   * seen to when they are half as much as the others; while it compacts, files may take about a tenth more. Workers divide it, down to 4 MiB each.
   */
  readonly maxBytes?: number
  /** Messages older than that are given up by the spool, from 1; default never. */
  readonly maxAgeMs?: number
}

type OpenLevel = typeof openLevel

/** Makes a store on disk, for {@link spool}: a LevelDB, every append with fsync. Throws `CONFIGURATION` for options out of range. */
export function disk(options: DiskOptions): SpoolStore {
  return new DiskStore(options)
}

/** The store that {@link disk} makes. `open` and `place` are for tests. */
export class DiskStore implements SpoolStore {
  readonly maxAgeMs: number
  readonly #place: WorkerPlace | undefined
  /** As it was given; that of a worker is within it. */
  readonly #root: string
  readonly #dir: string
  readonly #maxBytes: number
  readonly #writeBufferSize: number
  readonly #openLevel: OpenLevel
  readonly #index = new BacklogIndex()
  readonly #blocksTold = new Set<string>()
  #log: Log = silentLog
  #opened: DiskWriter | undefined
  #salt: Buffer = Buffer.alloc(0)
  #nextSequence = 0
  #damaged = 0
  /** Bytes of appends that are being written. */
  #pendingBytes = 0
  #knownBytes = 0
  /** What the files took when they were measured last, and what was written and removed since. */
  #fileBytes = 0
  #writtenBytes = 0
  #removedBytes = 0
  /**
   * What was removed since LevelDB compacted all last: as much as compacting can free. What files take beyond their messages is not only what was
   * deleted, and a full spool must not be written anew again and again. Of what was deleted before it was opened nothing is known.
   */
  #compactableBytes = Number.POSITIVE_INFINITY
  #tidying: Promise<void> | undefined

  constructor(options: DiskOptions, open: OpenLevel = openLevel, place = workerPlace()) {
    const { dir, maxBytes = 2 ** 30, maxAgeMs = Number.POSITIVE_INFINITY } = options
    if (typeof dir !== 'string' || dir === '')
      throw new GatewayError('CONFIGURATION', 'disk: dir must name a directory')
    if (!(maxBytes >= 2 ** 22 && maxBytes <= 2 ** 50)) {
      throw new GatewayError('CONFIGURATION', `disk: maxBytes must be from 4194304 to 2^50, not ${maxBytes}`)
    }
    if (!(maxAgeMs >= 1)) throw new GatewayError('CONFIGURATION', `disk: maxAgeMs must be at least 1, not ${maxAgeMs}`)
    this.#place = place
    this.#root = dir
    this.#dir = ownDirectory(dir, place)
    this.#maxBytes = Math.max(2 ** 22, maxBytes / (place?.count ?? 1))
    this.maxAgeMs = maxAgeMs
    this.#writeBufferSize = Math.min(2 ** 22, this.#maxBytes / 32)
    this.#openLevel = open
  }

  async open(log: Log): Promise<void> {
    this.#log = log
    await tellOfOthers(this.#root, this.#place, log)
    const opened = await this.#openLevel(this.#dir, this.#writeBufferSize, log)
    try {
      await this.#load(opened)
      await this.#readSalt(opened.level)
    } catch (thrown) {
      await opened.level.close()
      throw thrown
    }
    this.#opened = new DiskWriter(opened.level, {
      open: async (damaged) => {
        if (damaged) await repair(this.#dir)
        return this.#openLevel(this.#dir, this.#writeBufferSize, log)
      },
      onReopened: async (reopened, repaired) => {
        if (repaired) await this.#load(reopened)
        this.#fileBytes = await measure(this.#dir)
        this.#compactableBytes = Number.POSITIVE_INFINITY
      },
      onWritten: (bytes) => {
        this.#writtenBytes += bytes
        if (this.#writtenBytes + this.#removedBytes > this.#maxBytes / 32) this.#tidy()
      },
      log,
    })
  }

  async close(): Promise<void> {
    await this.#tidying
    await this.#opened?.close()
    this.#opened = undefined
  }

  salt(): Buffer {
    return this.#salt
  }

  async append(deviceId: string, messages: readonly Telemetry[], trust: string | undefined): Promise<void> {
    const writer = this.#writer
    // Before the work of encoding them: a full spool is asked again and again.
    this.#assertRoom(messages.length)
    const storedAt = Date.now()
    const sequences: number[] = []
    const changes: { type: 'put'; key: Buffer; value: Buffer }[] = []
    let bytes = 0
    for (const message of messages) {
      const sequence = this.#nextSequence++
      const key = messageKey(deviceId, sequence)
      const value = encodeRecord(key, { storedAt, trust, message })
      sequences.push(sequence)
      changes.push({ type: 'put', key, value })
      bytes += key.length + value.length
    }
    this.#assertRoom(bytes)
    this.#pendingBytes += bytes
    try {
      await writer.append(changes, bytes)
    } finally {
      this.#pendingBytes -= bytes
    }
    for (const [at, { key, value }] of changes.entries()) {
      this.#index.add(deviceId, sequences[at] as number, key.length + value.length, storedAt)
    }
  }

  async oldest(deviceId: string, maxMessages: number, maxBytes: number): Promise<readonly StoredMessage[]> {
    const span = this.#index.span(deviceId)
    if (span === undefined) return []
    const { level } = this.#writer
    const found: StoredMessage[] = []
    const range = deviceRange(deviceId, span.from, span.to)
    const lost: Buffer[] = []
    let bytes = 0
    reading: for await (const chunk of entriesOf(level, range, maxMessages + 1, (words) =>
      this.#blockLost(deviceId, words),
    )) {
      for (const [key, value] of chunk) {
        if (this.#writer.pending(key)?.type === 'del') continue
        const content = decodeRecord(key, value)
        if (content === undefined) {
          this.#index.take(deviceId, key.length + value.length)
          this.#countDamage(1, { deviceId }, 'a record of the spool is damaged')
          lost.push(key)
          continue
        }
        bytes += messageBytes(content.message)
        if (found.length > 0 && (found.length >= maxMessages || bytes > maxBytes)) break reading
        const { sequence } = parseMessageKey(key) as { sequence: number }
        if (found.length === 0) this.#index.readFrom(deviceId, sequence, content.storedAt)
        found.push({ sequence, bytes: key.length + value.length, ...content })
      }
    }
    if (lost.length > 0) await this.#delete(lost)
    if (found.length > 0) return found
    // Counted, and not there: the blocks that had them cannot be read. What was appended since is read now.
    const now = this.#index.span(deviceId)
    if (now !== undefined && now.to > span.to) {
      this.#index.readFrom(deviceId, span.to + 1, Date.now())
      return this.oldest(deviceId, maxMessages, maxBytes)
    }
    const missing = this.#index.drop(deviceId)
    if (missing > 0) this.#countDamage(missing, { deviceId, missing }, 'messages of the spool cannot be read')
    return []
  }

  async remove(deviceId: string, messages: readonly StoredMessage[]): Promise<void> {
    const keys = messages.map(({ sequence, bytes }) => {
      this.#index.take(deviceId, bytes)
      this.#removedBytes += bytes
      this.#compactableBytes += bytes
      return messageKey(deviceId, sequence)
    })
    // Reading looks at what was written when it began: what was removed must be gone by then.
    await this.#delete(keys)
  }

  backlogs(): Iterable<DeviceBacklog> {
    return this.#index.backlogs()
  }

  /** Every message that can be read, device by device, as they were when it began. For `headgate spool export`; removes nothing. */
  async *contents(): AsyncGenerator<{ readonly deviceId: string } & RecordContent> {
    const { level } = this.#writer
    for await (const chunk of entriesOf(level, messageRange, 1000, (words) => this.#blockLost('', words))) {
      for (const [key, value] of chunk) {
        const parsed = parseMessageKey(key)
        const content = decodeRecord(key, value)
        if (parsed !== undefined && content !== undefined) yield { deviceId: parsed.deviceId, ...content }
      }
    }
  }

  totals(): SpoolTotals {
    const { messages, bytes, oldestAt } = this.#index
    return { messages, bytes, oldestAt, damaged: this.#damaged }
  }

  async known(deviceId: string): Promise<KnownDevice | undefined> {
    const key = knownKey(deviceId)
    const pending = this.#writer.pending(key)
    const note = pending?.type === 'put' ? pending.value : await this.#read(this.#writer.level, key)
    const content = note && decodeNote(key, note)
    return content && (JSON.parse(content.toString()) as KnownDevice)
  }

  async remember(deviceId: string, known: KnownDevice): Promise<void> {
    const key = knownKey(deviceId)
    if ((await this.known(deviceId)) === undefined) this.#knownBytes += key.length + 150
    const value = encodeNote(key, Buffer.from(JSON.stringify(known)))
    void this.#writer.later([{ type: 'put', key, value }])
  }

  get #writer(): DiskWriter {
    if (this.#opened === undefined) throw new GatewayError('SPOOL_FAILED', 'the spool is not open', { stage: 'spool' })
    return this.#opened
  }

  /** What is stored, counted from the database itself. */
  async #load({ level, damaged }: OpenedLevel): Promise<void> {
    this.#index.clear()
    if (damaged > 0) this.#countDamage(damaged, { dir: this.#dir }, 'damage was left out of the spool')
    const lost: LevelChange[] = []
    for await (const chunk of entriesOf(level, messageRange, 1000, (words) => this.#blockLost('', words))) {
      for (const [key, value] of chunk) {
        const parsed = parseMessageKey(key)
        const storedAt = storedAtOf(key, value)
        if (parsed !== undefined) this.#nextSequence = Math.max(this.#nextSequence, parsed.sequence + 1)
        if (parsed !== undefined && storedAt !== undefined) {
          this.#index.add(parsed.deviceId, parsed.sequence, key.length + value.length, storedAt)
        } else {
          this.#countDamage(1, { deviceId: parsed?.deviceId }, 'a record of the spool is damaged')
          lost.push({ type: 'del', key })
        }
      }
    }
    this.#knownBytes = 0
    for await (const chunk of entriesOf(level, knownRange, 1000, (words) => this.#blockLost('', words))) {
      for (const [key, value] of chunk) this.#knownBytes += key.length + value.length
    }
    if (lost.length > 0) {
      // A disk that is full takes not even this; then they are met again.
      const told = (thrown: unknown) => this.#log.warn({ error: levelWords(thrown) }, 'the spool cannot write')
      await level.batch(lost).catch(told)
    }
    this.#fileBytes = await measure(this.#dir)
    this.#writtenBytes = 0
  }

  async #readSalt(level: Level): Promise<void> {
    const note = await this.#read(level, saltKey)
    const salt = note && decodeNote(saltKey, note)
    this.#salt = salt ?? randomBytes(16)
    if (salt === undefined) await level.put(saltKey, encodeNote(saltKey, this.#salt), { sync: true })
  }

  /** Undefined where there is nothing, or nothing that can be read. */
  async #read(level: Level, key: Buffer): Promise<Buffer | undefined> {
    try {
      return await level.get(key)
    } catch (thrown) {
      this.#blockLost(key.toString('latin1'), levelWords(thrown))
      return undefined
    }
  }

  #assertRoom(bytes: number): void {
    const most = Math.floor(this.#maxBytes / 4)
    if (bytes > most) {
      const words = `a send of ${bytes} bytes does not fit into a spool of ${this.#maxBytes}, which takes ${most} at once`
      throw new GatewayError('MESSAGE_TOO_LARGE', words, { stage: 'spool' })
    }
    const used = Math.max(this.#index.bytes, this.#fileBytes + this.#writtenBytes) + this.#pendingBytes
    if (used + bytes <= this.#maxBytes) return
    this.#tidy()
    const words = `the spool takes ${used} of ${this.#maxBytes} bytes on disk, ${this.#index.bytes} of them messages`
    throw new GatewayError('SPOOL_FULL', words, { stage: 'spool' })
  }

  async #delete(keys: readonly Buffer[]): Promise<void> {
    await this.#writer.later(keys.map((key) => ({ type: 'del', key })))
  }

  /** LevelDB tells of the same block at every reading. */
  #blockLost(deviceId: string, words: string): void {
    const what = `${deviceId} ${words}`
    if (this.#blocksTold.has(what)) return
    this.#blocksTold.add(what)
    this.#countDamage(1, { deviceId, error: words }, 'a file of the spool is damaged')
  }

  #countDamage(count: number, fields: object, words: string): void {
    const before = this.#damaged
    this.#damaged += count
    for (let each = before + 1; each <= this.#damaged; each++) {
      if (!isPowerOfTwo(each)) continue
      this.#log.error({ ...fields, damaged: this.#damaged }, `${words}: it is skipped`)
      return
    }
  }

  /** Measures the files, and has LevelDB compact them where much of them is deleted. */
  #tidy(): void {
    this.#tidying ??= this.#measureAndCompact()
      .catch((thrown: unknown) => {
        // Writing meets the same disk, and has its own way of recovering.
        this.#log.warn({ error: levelWords(thrown) }, 'the spool cannot be compacted')
      })
      .finally(() => {
        this.#tidying = undefined
      })
  }

  async #measureAndCompact(): Promise<void> {
    await this.#measure()
    const kept = this.#index.bytes + this.#pendingBytes + this.#knownBytes
    const deleted = this.#fileBytes - kept
    const slack = 4 * this.#writeBufferSize
    const isFull = this.#fileBytes + this.#maxBytes / 8 > this.#maxBytes
    const worthwhile = isFull ? Math.max(slack, this.#maxBytes / 16) : kept / 2 + slack
    if (Math.min(deleted, this.#compactableBytes) < worthwhile) return
    const before = this.#compactableBytes
    this.#compactableBytes = 0
    try {
      await this.#writer.level.compactRange(Buffer.of(0), Buffer.of(255))
    } catch (thrown) {
      this.#compactableBytes += before
      throw thrown
    }
    await this.#measure()
  }

  async #measure(): Promise<void> {
    this.#writtenBytes = 0
    this.#removedBytes = 0
    this.#fileBytes = await measure(this.#dir)
  }
}
