import type { Log } from '../../core/connection.ts'
import type { Telemetry } from '../../core/items.ts'

/** A message as a store gives it back. */
export interface StoredMessage {
  /** Grows with every message of a device; never used twice while a message of it is stored. */
  readonly sequence: number
  /** When it was made durable, in milliseconds of `Date.now()`. */
  readonly storedAt: number
  /** What it counts in {@link SpoolTotals.bytes}. */
  readonly bytes: number
  /** The `trust` that it was appended with. */
  readonly trust: string | undefined
  /** As it was appended, without `value` and `tag`. */
  readonly message: Telemetry
}

/** What is stored of one device. */
export interface DeviceBacklog {
  readonly deviceId: string
  readonly messages: number
  readonly bytes: number
  /** No message of the device was stored before, in milliseconds of `Date.now()`; may be earlier than the true one until that is read. */
  readonly oldestAt: number
}

/** What a store holds, in all. */
export interface SpoolTotals {
  readonly messages: number
  /** Bytes of what is stored, as the store keeps it. */
  readonly bytes: number
  /** Undefined where nothing is stored; see {@link DeviceBacklog.oldestAt}. */
  readonly oldestAt: number | undefined
  /** Records, blocks and files found damaged since the store was opened. What was in them is lost. */
  readonly damaged: number
}

/** How a device spoke to the hub when the hub believed it last. */
export interface KnownDevice {
  readonly credentials: 'key' | 'sas' | 'policy'
  /** How often the hub has accepted it. Counted and not dated: clocks jump. */
  readonly confirmations: number
  /** Digests of credentials that the hub accepted, the latest last, each with which confirmation that was. At most four. */
  readonly accepted: readonly { readonly digest: string; readonly confirmation: number }[]
}

/**
 * Where a spool keeps messages. Implement it to keep them elsewhere than on a disk; `memoryStore` is the shortest.
 *
 * A spool opens it once before anything else and closes it once after everything else. It reads and removes a device's messages one call
 * after the other, but calls for different devices, and appends, overlap.
 */
export interface SpoolStore {
  /** Messages older than that are given up by the spool; Infinity for none. In milliseconds. */
  readonly maxAgeMs: number
  /** Rejects with `CONFIGURATION` where it cannot be opened as it is, such as a directory that another process has open. */
  open(log: Log): Promise<void>
  /** Waits for writes in progress. What is stored stays. */
  close(): Promise<void>
  /** Random bytes, at least 16, made once with the store and kept with it. Called after {@link SpoolStore.open}. */
  salt(): Buffer
  /**
   * Resolves when all of the messages would survive the end of the process and of the machine, after those of earlier calls for the same
   * device. Rejects with `SPOOL_FULL` or `SPOOL_FAILED` where none was taken for now, or where that is not known; with `MESSAGE_TOO_LARGE`
   * where they would not fit into an empty store. Never waits for room.
   */
  append(deviceId: string, messages: readonly Telemetry[], trust: string | undefined): Promise<void>
  /**
   * The oldest of a device's messages in the order of their appends: as many as are there up to `maxMessages`, and to `maxBytes` as
   * `messageBytes` counts them, but one at least. Empty only where the device has none. Damaged ones are left out and counted.
   */
  oldest(deviceId: string, maxMessages: number, maxBytes: number): Promise<readonly StoredMessage[]>
  /** Forgets messages that {@link SpoolStore.oldest} gave. They need not be gone after a crash: then they are given again. */
  remove(deviceId: string, messages: readonly StoredMessage[]): Promise<void>
  /** Every device that has messages. */
  backlogs(): Iterable<DeviceBacklog>
  totals(): SpoolTotals
  /** What {@link SpoolStore.remember} kept of a device, if anything; damage reads as nothing. */
  known(deviceId: string): Promise<KnownDevice | undefined>
  /** Survives a crash once a later append has resolved. */
  remember(deviceId: string, known: KnownDevice): Promise<void>
}
