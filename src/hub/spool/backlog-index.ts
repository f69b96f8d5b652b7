import type { DeviceBacklog } from './store.ts'

interface Entry {
  messages: number
  bytes: number
  oldestAt: number
  /** No message that is stored has a lower sequence: reading begins there, not among what LevelDB has yet to forget. */
  from: number
  /** The highest sequence of those that are counted: what is written and not counted yet is not read. */
  to: number
}

/** What a disk holds of each device, in a few numbers: a million messages cost no memory. */
export class BacklogIndex {
  readonly #devices = new Map<string, Entry>()
  messages = 0
  bytes = 0

  add(deviceId: string, sequence: number, bytes: number, storedAt: number): void {
    let entry = this.#devices.get(deviceId)
    if (entry === undefined) {
      entry = { messages: 0, bytes: 0, oldestAt: storedAt, from: sequence, to: sequence }
      this.#devices.set(deviceId, entry)
    }
    entry.to = Math.max(entry.to, sequence)
    entry.messages++
    entry.bytes += bytes
    this.messages++
    this.bytes += bytes
  }

  /** One message less, whatever its sequence. */
  take(deviceId: string, bytes: number): void {
    const entry = this.#devices.get(deviceId)
    if (entry === undefined) return
    const taken = Math.min(bytes, entry.bytes)
    entry.messages--
    entry.bytes -= taken
    this.messages--
    this.bytes -= taken
    if (entry.messages <= 0) this.drop(deviceId)
  }

  /** The device has nothing that can be read; returns how many messages were expected. */
  drop(deviceId: string): number {
    const entry = this.#devices.get(deviceId)
    if (entry === undefined) return 0
    this.#devices.delete(deviceId)
    this.messages -= entry.messages
    this.bytes -= entry.bytes
    return entry.messages
  }

  /** The oldest message of a device was read. */
  readFrom(deviceId: string, sequence: number, storedAt: number): void {
    const entry = this.#devices.get(deviceId)
    if (entry === undefined) return
    entry.from = sequence
    entry.oldestAt = storedAt
  }

  /** Between which sequences a device's messages lie. */
  span(deviceId: string): { readonly from: number; readonly to: number } | undefined {
    const entry = this.#devices.get(deviceId)
    return entry && { from: entry.from, to: entry.to }
  }

  get oldestAt(): number | undefined {
    let oldest: number | undefined
    for (const { oldestAt } of this.#devices.values()) if (oldest === undefined || oldestAt < oldest) oldest = oldestAt
    return oldest
  }

  *backlogs(): Iterable<DeviceBacklog> {
    for (const [deviceId, { messages, bytes, oldestAt }] of this.#devices) yield { deviceId, messages, bytes, oldestAt }
  }

  clear(): void {
    this.#devices.clear()
    this.messages = 0
    this.bytes = 0
  }
}
