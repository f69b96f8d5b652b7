import { type Log, silentLog } from '../core/connection.ts'
import type { WorkerPlace } from '../core/worker-place.ts'
import type { Deadlines } from './deadlines.ts'
import type { DeviceAnnouncer } from './device-register.ts'
import { Listener } from './listener.ts'
import { bindLog } from './log.ts'
import { GatewayMetrics } from './metrics.ts'
import type { DeadLetterHandler, Service } from './serve.ts'
import type { DeviceClaim, ServedAddress } from './worker-messages.ts'

/** What a {@link LocalGateway} is made of. */
export interface LocalGatewayParts {
  readonly services: readonly Service[]
  readonly deadlines: Deadlines
  /** Of each pipeline in this process. */
  readonly maxConnections: number
  readonly log: Log | undefined
  readonly onDeadLetter: DeadLetterHandler | undefined
  /** Which worker of its gateway this process is. */
  readonly place?: WorkerPlace
  /** Where a pipeline tells which devices have their newest connections here. */
  readonly announce?: (pipeline: string) => DeviceAnnouncer
}

/** The listeners of a gateway that are in this process, and what they measure. */
export class LocalGateway {
  readonly metrics = new GatewayMetrics()
  readonly #parts: LocalGatewayParts
  readonly #listeners: readonly Listener[]
  #draining: Promise<void> | undefined

  constructor(parts: LocalGatewayParts) {
    this.#parts = parts
    const { services, deadlines, maxConnections, onDeadLetter, place, announce } = parts
    const { log: given = silentLog } = parts
    const log = place === undefined ? given : bindLog(given, { worker: place.number })
    this.metrics.addGauges(onDeadLetter?.gauges ?? [])
    this.#listeners = services.map(({ pipeline, port, host, tls }) => {
      const { metrics } = this
      const announcer = announce?.(pipeline.name)
      const listening = { pipeline, port, host, tls, deadlines, maxConnections }
      return new Listener({ ...listening, metrics, log, onDeadLetter, place, announcer })
    })
  }

  /** Where its pipelines listen. */
  get addresses(): readonly ServedAddress[] {
    return this.#listeners.map(({ pipeline, address }) => ({ pipeline: pipeline.name, address }))
  }

  /** Listens. Where it cannot, it rejects with the system's error, or the hub's, and nothing is left. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#parts.services.map(({ pipeline }) => pipeline.prepare()))
      for (const listener of this.#listeners) await listener.listen()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Why no more devices should be sent here; undefined when ready. */
  unready(): string | undefined {
    if (this.#draining !== undefined) return 'draining'
    return this.#listeners.some((listener) => listener.saturated) ? 'saturated' : undefined
  }

  /** Devices that have newer connections in other processes. */
  claimedElsewhere(claims: readonly DeviceClaim[]): void {
    for (const [name, deviceId, acceptedAt] of claims) {
      const listener = this.#listeners.find(({ pipeline }) => pipeline.name === name)
      listener?.devices.claimedElsewhere(deviceId, acceptedAt)
    }
  }

  /** As `Gateway.drain`. */
  async drain({ deadlineMs = 10_000 } = {}): Promise<void> {
    this.#draining ??= Promise.all(this.#listeners.map((listener) => listener.drain(deadlineMs))).then(() => undefined)
    await this.#draining
  }

  /** As `Gateway.close`. */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.destroy()
    await this.drain({ deadlineMs: 0 })
  }

  /** Closes what it was made of, hubs and sink, for whoever made them and cannot do so. */
  async closeParts(): Promise<void> {
    const { services, onDeadLetter } = this.#parts
    await Promise.all(services.map(({ pipeline }) => pipeline.close()))
    await onDeadLetter?.close?.()
  }
}
