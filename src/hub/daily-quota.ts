import { GatewayError } from '../core/errors.ts'
import type { Telemetry } from '../core/items.ts'
import { billableBlocks } from '../core/message-size.ts'

const dayMs = 86_400_000

/** While the hub's quota is spent it is asked so often whether that is still so: a unit may have been bought. */
const probeEveryMs = 60_000

/** Counts what messages cost of a hub's quota in the day (UTC), and keeps sends away from a hub that said that it is spent. */
export class DailyQuota {
  readonly #meters: number
  readonly #meterBytes: number
  #day = today()
  #used = 0
  /** Since the hub said that the quota is spent: when it may be asked again, by `performance.now`. */
  #nextProbeAt: number | undefined

  /** `meters` a day, blocks of `meterBytes`. */
  constructor(meters: number, meterBytes: number) {
    this.#meters = meters
    this.#meterBytes = meterBytes
  }

  /** Meters of today that were counted here. */
  get used(): number {
    this.#turnDay()
    return this.#used
  }

  /** Meters of today that are left; 0 while the hub says that there are none. */
  get left(): number {
    this.#turnDay()
    return this.#nextProbeAt === undefined ? Math.max(0, this.#meters - this.#used) : 0
  }

  /** Counts messages that the hub accepted. */
  count(message: Telemetry): void {
    this.#turnDay()
    this.#used += billableBlocks(message, this.#meterBytes)
  }

  /**
   * Says whether a send may go to the hub. True if it is the one that finds out whether the quota is still spent. Throws
   * `HUB_QUOTA_EXCEEDED` if none is due, with the time until the next one, or until midnight UTC.
   */
  admit(): boolean {
    this.#turnDay()
    if (this.#nextProbeAt === undefined) return false
    const now = performance.now()
    if (now < this.#nextProbeAt) throw this.#refusal(this.#nextProbeAt - now)
    this.#nextProbeAt = now + probeEveryMs
    return true
  }

  /** The hub said that the quota is spent. Returns what to tell those who were about to send, or undefined if it was known. */
  exceeded(): GatewayError | undefined {
    this.#turnDay()
    if (this.#nextProbeAt !== undefined) return undefined
    this.#nextProbeAt = performance.now() + probeEveryMs
    return this.#refusal(probeEveryMs)
  }

  /** The send for which {@link DailyQuota.admit} returned true was accepted. */
  restored(): void {
    this.#nextProbeAt = undefined
  }

  #refusal(waitMs: number): GatewayError {
    const retryAfterMs = Math.min(waitMs, dayMs - (Date.now() % dayMs))
    const words = `the hub said that its daily quota is spent; it is asked again in ${Math.ceil(retryAfterMs / 1000)} s`
    return new GatewayError('HUB_QUOTA_EXCEEDED', words, { retryAfterMs })
  }

  /** At midnight UTC all is forgotten. A clock that is set may do that too: the hub says soon enough if it is wrong. */
  #turnDay(): void {
    const day = today()
    if (day === this.#day) return
    this.#day = day
    this.#used = 0
    this.#nextProbeAt = undefined
  }
}

function today(): number {
  return Math.floor(Date.now() / dayMs)
}
