import { GatewayError } from '../core/errors.ts'
import type { Command, Receipt, Report, Telemetry } from '../core/items.ts'
import type { DailyQuota } from './daily-quota.ts'
import type { PaceGate } from './pace-gate.ts'
import { type HubAbilities, type HubSession, PartialSendError } from './port.ts'

/** What a {@link PacedSession} works with. */
export interface PacedSessionParts {
  /** The session that is paced; its own. */
  readonly session: HubSession
  readonly deviceId: string
  readonly can: HubAbilities
  /** The gate of sends, shared. */
  readonly gate: PaceGate
  /** Shared. */
  readonly quota: DailyQuota
  /** The connection's: what waits for its turn gives up when it fires. */
  readonly signal: AbortSignal
}

/** One device's session whose sends and reports wait for their turn, and go nowhere while the hub's quota is spent. Made by `pace`. */
export class PacedSession implements HubSession {
  readonly #parts: PacedSessionParts
  readonly #closing = new AbortController()
  readonly #stop = () => this.#closing.abort()

  constructor(parts: PacedSessionParts) {
    this.#parts = parts
    if (parts.signal.aborted) this.#stop()
    else parts.signal.addEventListener('abort', this.#stop, { once: true })
  }

  async send(messages: readonly Telemetry[]): Promise<void> {
    const { session, can, quota } = this.#parts
    try {
      await this.#paced(can.batch ? 1 : Math.max(1, messages.length), () => session.send(messages))
    } catch (thrown) {
      if (thrown instanceof PartialSendError) {
        for (const message of messages) if (!thrown.failures.has(message)) quota.count(message)
      }
      throw thrown
    }
    for (const message of messages) quota.count(message)
  }

  async report(report: Report): Promise<void> {
    const { session, can } = this.#parts
    // Without twins no hub is asked.
    if (can.twin) await this.#paced(1, () => session.report(report))
    else await session.report(report)
  }

  commands(stopped?: AbortSignal): AsyncIterable<Command> {
    return this.#parts.session.commands(stopped)
  }

  settle(receipt: Receipt<Command>): Promise<void> {
    return this.#parts.session.settle(receipt)
  }

  close(): Promise<void> {
    this.#parts.signal.removeEventListener('abort', this.#stop)
    this.#stop()
    return this.#parts.session.close()
  }

  async #paced(cost: number, ask: () => Promise<void>): Promise<void> {
    const { gate, quota, deviceId } = this.#parts
    const isProbe = quota.admit()
    await gate.admit({ flow: deviceId, cost, signal: this.#closing.signal })
    try {
      await ask()
    } catch (thrown) {
      this.#heed(thrown)
      throw thrown
    }
    if (isProbe) quota.restored()
  }

  /** What an error says of the hub rather than of the messages. */
  #heed(thrown: unknown): void {
    const { gate, quota } = this.#parts
    const throttled = failureOf(thrown, 'HUB_THROTTLED')
    if (throttled !== undefined) gate.throttled(throttled.retryAfterMs)
    if (failureOf(thrown, 'HUB_QUOTA_EXCEEDED') === undefined) return
    const news = quota.exceeded()
    if (news !== undefined) gate.refuse(news)
  }
}

function failureOf(thrown: unknown, code: 'HUB_THROTTLED' | 'HUB_QUOTA_EXCEEDED'): GatewayError | undefined {
  if (thrown instanceof PartialSendError) {
    for (const error of thrown.failures.values()) if (error.code === code) return error
    return undefined
  }
  return thrown instanceof GatewayError && thrown.code === code ? thrown : undefined
}
