/** A pause that a hub asks for beyond this is taken for a mistake. */
const longestPauseMs = 300_000

/** One answer of "too many" in a second says as much as many. */
const roundMs = 1000

/** What is left of the rate after a round with such answers. */
const cut = 0.7

/** The least that is left of the full rate, and what comes back of it in a second without such an answer. */
const floor = 0.05
const recoveredPerSecond = 0.05

/** Over how long {@link AdaptiveBucket.utilization} averages. */
const averagedMs = 3000

/** A sum of fractions that should be a whole token may lack so much of it. */
const rounding = 1e-6

/**
 * A token bucket whose rate follows what the hub says: cut to 70 % when it throttles, at most once a second and never below 5 % of the full rate,
 * and 5 % of the full rate more for each second in which it does not (additive increase, multiplicative decrease). Time is `performance.now`.
 *
 * It holds a tenth of a second's tokens, at least one: what a busy process or network bunches together shall not exceed what the hub's own
 * bucket holds, which is about a second's.
 */
export class AdaptiveBucket {
  readonly #fullPerSecond: number
  readonly #burst: number
  #tokens: number
  #filledAt = performance.now()
  #reducedTo: number
  #recoversFrom = 0
  #nextCutAt = Number.NEGATIVE_INFINITY
  #pausedUntil = Number.NEGATIVE_INFINITY
  #average = 0
  #averagedAt = this.#filledAt

  /** `perSecond` is the full rate, more than 0. */
  constructor(perSecond: number) {
    this.#fullPerSecond = perSecond
    this.#burst = Math.max(1, perSecond / 10)
    this.#tokens = this.#burst
    this.#reducedTo = perSecond
  }

  /** Tokens a second now. */
  get perSecond(): number {
    return this.#rateAt(performance.now())
  }

  /** What was spent over the last seconds, as a share of what the rate of now would have allowed: 0 to 1. */
  get utilization(): number {
    const now = performance.now()
    return Math.min(1, (this.#averageAt(now) * 1000) / averagedMs / this.#rateAt(now))
  }

  /**
   * Milliseconds until there are so many tokens, 0 if there are now; at the rate of now, so it may be sooner. What costs more than the bucket
   * holds waits for a full bucket and goes into debt.
   */
  waitMs(cost: number): number {
    const now = performance.now()
    this.#refill(now)
    const pauseMs = Math.max(0, this.#pausedUntil - now)
    const missing = Math.min(cost, this.#burst) - this.#tokens
    return missing <= rounding ? pauseMs : pauseMs + (missing / this.#rateAt(now)) * 1000
  }

  /** Takes tokens, whether they are there or not. */
  spend(cost: number): void {
    const now = performance.now()
    this.#refill(now)
    this.#tokens -= cost
    this.#average = this.#averageAt(now) + cost
    this.#averagedAt = now
  }

  /** The hub said "too many", and perhaps for how long to ask nothing, which is heeded up to five minutes. */
  throttled(retryAfterMs = 0): void {
    const now = performance.now()
    this.#refill(now)
    const rate = this.#rateAt(now)
    const isNews = now >= this.#nextCutAt
    if (isNews) this.#nextCutAt = now + roundMs
    this.#reducedTo = isNews ? Math.max(rate * cut, this.#fullPerSecond * floor) : rate
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(retryAfterMs, longestPauseMs))
    this.#recoversFrom = Math.max(now, this.#pausedUntil)
  }

  #rateAt(now: number): number {
    const quietSeconds = Math.max(0, now - this.#recoversFrom) / 1000
    return Math.min(this.#fullPerSecond, this.#reducedTo + quietSeconds * recoveredPerSecond * this.#fullPerSecond)
  }

  /** Nothing comes in during a pause. The mean of two rates is exact while the rate rises, and too little where it has risen. */
  #refill(now: number): void {
    const from = Math.max(this.#filledAt, this.#pausedUntil)
    if (now <= from) return
    const rate = (this.#rateAt(from) + this.#rateAt(now)) / 2
    this.#tokens = Math.min(this.#burst, this.#tokens + (rate * (now - from)) / 1000)
    this.#filledAt = now
  }

  #averageAt(now: number): number {
    return this.#average * Math.exp((this.#averagedAt - now) / averagedMs)
  }
}
