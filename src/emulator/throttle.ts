import type { Clock } from './clock.ts'

/** A limit on requests: by rate, or as an edition of IoT Hub sets it. */
export type Throttle =
  | {
      /** More than 0. */
      readonly perSecond: number
      /** How many may come at once, at least 1 (default: `perSecond`, rounded up). */
      readonly burst?: number
    }
  | {
      readonly tier: Tier
      /** 1 to 200 (default 1). */
      readonly units?: number
    }

/** The editions of IoT Hub. */
export type Tier = 'S1' | 'S2' | 'S3'

/** The operations that an edition limits. */
export type ThrottledOperation = 'send' | 'receive'

/**
 * How many requests a second an edition allows. Source: the table of "IoT Hub quotas and throttling": device-to-cloud
 * sends, and cloud-to-device receives over HTTPS.
 */
export function tierPerSecond(tier: Tier, units: number, operation: ThrottledOperation): number {
  if (operation === 'receive') return ((tier === 'S3' ? 50_000 : 1_000) / 60) * units
  if (tier === 'S1') return Math.max(100, 12 * units)
  return (tier === 'S2' ? 120 : 6_000) * units
}

/** A bucket that refills with the clock and pays one token a request. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledAtMs: number

  constructor(clock: Clock, perSecond: number, burst = Math.ceil(perSecond)) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledAtMs = clock.now()
  }

  /** Takes a token if there is one. Returns 0, or the seconds (whole, at least 1) until there will be. */
  take(): number {
    const now = this.#clock.now()
    const refill = ((now - this.#filledAtMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, refill))
    this.#filledAtMs = now
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#perSecond)
    this.#tokens--
    return 0
  }
}
