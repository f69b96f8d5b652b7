import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { isPowerOfTwo } from '../../core/meter.ts'
import { type Level, type LevelChange, levelCode, levelWords, type OpenedLevel } from './level.ts'
import { Pauses } from './pauses.ts'

/** What a {@link DiskWriter} works with. */
export interface DiskWriterParts {
  /** Opens the database, anew after it failed; repairs it first where it was found damaged. */
  readonly open: (damaged: boolean) => Promise<OpenedLevel>
  /** The database is open again; awaited before anything is written. `repaired`: what it holds may have changed. */
  readonly onReopened: (opened: OpenedLevel, repaired: boolean) => Promise<void>
  /** So many bytes were written. */
  readonly onWritten: (bytes: number) => void
  readonly log: Log
}

interface Append {
  readonly changes: readonly LevelChange[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: GatewayError) => void
}

/** Bytes that go into one write at most, beyond the first append. */
const maxGroupBytes = 8 * 2 ** 20

/** Changes that may wait while the disk fails; each is a key of some forty bytes. */
const maxLater = 200_000

const minPauseMs = 250
const maxPauseMs = 10_000

/**
 * Writes to a LevelDB: what comes while a write is in progress goes together in the next one, so that a thousand devices share one fsync.
 * After an error of the disk LevelDB refuses every write; it is closed and opened again, with pauses, for as long as it takes.
 */
export class DiskWriter {
  readonly #parts: DiskWriterParts
  readonly #closing = new AbortController()
  readonly #pauses = new Pauses(minPauseMs, maxPauseMs)
  #level: Level
  #appends: Append[] = []
  /** Changes that need no fsync of their own, by key; the last of a key counts. They outlive failures. */
  readonly #later = new Map<string, LevelChange>()
  #laterWaits: (() => void)[] = []
  #failure: unknown
  #writing: Promise<void> | undefined
  #reopening: Promise<void> | undefined

  constructor(level: Level, parts: DiskWriterParts) {
    this.#level = level
    this.#parts = parts
  }

  /** The database. Throws `SPOOL_FAILED` while there is none. */
  get level(): Level {
    if (this.#failure !== undefined) throw this.#failed()
    return this.#level
  }

  /** Resolves when the changes are on the disk. Rejects with `SPOOL_FAILED` where they are not, or where that is not known. */
  append(changes: readonly LevelChange[], bytes: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failed())
    return new Promise((resolve, reject) => {
      this.#appends.push({ changes, bytes, resolve, reject })
      this.#write()
    })
  }

  /**
   * Changes something with the next write, in this process or, where the disk fails until then, not at all. Resolves when that is written,
   * or is known to be {@link DiskWriter.pending} for longer.
   */
  later(changes: readonly LevelChange[]): Promise<void> {
    for (const change of changes) this.#later.set(nameOf(change.key), change)
    if (this.#failure !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#laterWaits.push(resolve)
      this.#write()
    })
  }

  /** What {@link DiskWriter.later} was told about a key and has not written yet. Throws `SPOOL_FAILED` where that has become too much. */
  pending(key: Buffer): LevelChange | undefined {
    if (this.#later.size === 0) return undefined
    if (this.#later.size > maxLater && this.#failure !== undefined) throw this.#failed()
    return this.#later.get(nameOf(key))
  }

  /** Writes what waits, and closes the database. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reopening
    await this.#writing
    for (const { reject } of this.#appends.splice(0)) reject(this.#failed())
    if (this.#failure === undefined) this.#failure = new Error('it is closed')
    await this.#level.close()
  }

  #write(): void {
    if (this.#failure !== undefined || this.#writing !== undefined) return
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    // What the same turn of the event loop brings goes together.
    await undefined
    while (this.#appends.length > 0 || this.#later.size > 0) {
      const group = this.#takeGroup()
      const later = [...this.#later.values()]
      const laterWaits = this.#laterWaits.splice(0)
      const changes = [...later, ...group.flatMap((append) => append.changes)]
      try {
        await this.#level.batch(changes, { sync: group.length > 0 })
      } catch (thrown) {
        this.#fail(thrown, group)
        return
      } finally {
        // After a failure the changes are still pending, and nobody need wait for them.
        for (const resolve of laterWaits) resolve()
      }
      for (const change of later) {
        const name = nameOf(change.key)
        if (this.#later.get(name) === change) this.#later.delete(name)
      }
      if (group.length > 0) this.#pauses.succeeded()
      this.#parts.onWritten(changes.reduce((sum, change) => sum + sizeOf(change), 0))
      for (const { resolve } of group) resolve()
    }
  }

  #takeGroup(): Append[] {
    let bytes = 0
    let count = 0
    for (const append of this.#appends) {
      bytes += append.bytes
      if (count > 0 && bytes > maxGroupBytes) break
      count++
    }
    return this.#appends.splice(0, count)
  }

  #fail(thrown: unknown, group: readonly Append[]): void {
    this.#failure = thrown
    // It may have been written all the same; whoever hears of the failure will append it again.
    for (const { changes } of group) {
      for (const { key } of changes) this.#later.set(nameOf(key), { type: 'del', key })
    }
    for (const { reject } of [...group, ...this.#appends.splice(0)]) reject(this.#failed())
    for (const resolve of this.#laterWaits.splice(0)) resolve()
    this.#reopening = this.#reopen(thrown)
  }

  async #reopen(cause: unknown): Promise<void> {
    const { signal } = this.#closing
    for (let failure = cause; ; ) {
      const pauseMs = this.#pauses.nextMs()
      const { failures: tries } = this.#pauses
      if (isPowerOfTwo(tries)) {
        const fields = { error: levelWords(failure), tries, pauseMs: Math.round(pauseMs) }
        this.#parts.log.error(fields, 'the disk of the spool fails; nothing can be made durable until it works again')
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      try {
        const damaged = levelCode(failure) === 'LEVEL_CORRUPTION'
        await this.#level.close()
        const opened = await this.#parts.open(damaged)
        this.#level = opened.level
        await this.#parts.onReopened(opened, opened.damaged > 0 || damaged)
        break
      } catch (thrown) {
        failure = thrown
      }
    }
    this.#failure = undefined
    this.#write()
  }

  #failed(): GatewayError {
    const words = `the disk of the spool fails: ${levelWords(this.#failure ?? new Error('it is closed'))}`
    return new GatewayError('SPOOL_FAILED', words, { cause: this.#failure, stage: 'spool' })
  }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1')
}

function sizeOf(change: LevelChange): number {
  return change.key.length + (change.type === 'put' ? change.value.length : 0)
}
