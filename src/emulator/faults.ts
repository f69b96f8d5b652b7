import type { Clock } from './clock.ts'
import { HubError, PeerGone } from './errors.ts'
import type { Fault, FaultOperation } from './fault.ts'
import { parseFault } from './fault.ts'
import { TokenBucket, tierPerSecond } from './throttle.ts'

/** An operation that a fault can strike. */
export type StruckOperation = Exclude<FaultOperation, 'all'>

/** What is left to do for a request that met its faults and was not refused. */
export interface Encounter {
  /** Cut the connection: at once, or when the operation is done. */
  readonly reset?: 'before' | 'after'
  /** Make the device's locks run out before the operation. */
  readonly expireLocks: boolean
  /** Takes a send's meters from every daily quota met, or from none. Throws {@link HubError} 403002 over one. */
  charge(meters: number): void
}

const dayMs = 86_400_000

/** A fault in force, with what it must remember. */
interface Rule {
  readonly fault: Fault
  remaining: number
  readonly random: () => number
  readonly buckets: Map<StruckOperation, TokenBucket>
  readonly held: Set<() => void>
  quota: { day: number; meters: number }
}

/** The faults in force. */
export class Faults {
  readonly #clock: Clock
  readonly #rules = new Map<string, Rule>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Puts a fault in force, in place of the one for the same device and operation; what that one held goes on.
   *
   * @throws {HubError} 400004 naming the field that is wrong.
   */
  put(fault: Fault): void {
    const { device, operation = 'all', count = Number.POSITIVE_INFINITY, seed = 1 } = parseFault(fault)
    const key = JSON.stringify([device, operation])
    this.#remove(key)
    this.#rules.set(key, {
      fault,
      remaining: count,
      random: generator(seed),
      buckets: new Map(),
      held: new Set(),
      quota: { day: 0, meters: 0 },
    })
  }

  /** Ends every fault; what they held goes on as if it had not been struck. */
  clear(): void {
    for (const key of [...this.#rules.keys()]) this.#remove(key)
  }

  /**
   * Lets a request meet the faults that fit it: waits as long as they hold it.
   *
   * @param gone Aborts when the peer leaves.
   * @throws {HubError} The status or the throttling that a fault imposes. {@link PeerGone} when the peer left.
   */
  async meet(deviceId: string, operation: StruckOperation, gone: AbortSignal): Promise<Encounter> {
    let reset: Encounter['reset']
    let expireLocks = false
    const metered: Rule[] = []
    const charge = (meters: number): void => this.#charge(metered, meters)
    for (const [key, rule] of [...this.#rules]) {
      if (!fits(rule.fault, deviceId, operation) || !strikes(rule)) continue
      // Counted before any wait, so that a count of 1 never holds two requests.
      rule.remaining--
      const { fault } = rule
      const released = await this.#hold(rule, gone)
      if (rule.remaining <= 0 && this.#rules.get(key) === rule) this.#rules.delete(key)
      if (released) continue
      const cut = fault.reset === true ? 'before' : fault.reset
      if (cut === 'before') return { reset: 'before', expireLocks, charge }
      if (fault.status !== undefined) {
        throw HubError.ofStatus(fault.status, 'a fault imposes this', fault.retryAfterSeconds)
      }
      this.#throttle(rule, operation)
      reset ??= cut
      expireLocks ||= fault.expireLocks === true
      metered.push(rule)
    }
    return { ...(reset ? { reset } : {}), expireLocks, charge }
  }

  #charge(rules: readonly Rule[], meters: number): void {
    const day = Math.floor(this.#clock.now() / dayMs)
    for (const rule of rules) {
      if (rule.quota.day !== day) rule.quota = { day, meters: 0 }
      const { dailyQuota4kMeters = Number.POSITIVE_INFINITY } = rule.fault
      if (rule.quota.meters + meters > dailyQuota4kMeters) throw new HubError(403002, 'the daily quota is used up')
    }
    for (const rule of rules) rule.quota.meters += meters
  }

  /** Waits out latency or a hang. Returns whether the fault was ended meanwhile. */
  #hold({ fault, held }: Rule, gone: AbortSignal): Promise<boolean> {
    if (fault.latencyMs === undefined && !fault.hang) return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        held.delete(release)
        gone.removeEventListener('abort', abort)
      }
      const release = () => {
        leave()
        resolve(true)
      }
      const abort = () => {
        leave()
        reject(new PeerGone())
      }
      const timer = fault.hang
        ? undefined
        : setTimeout(() => {
            leave()
            resolve(false)
          }, fault.latencyMs)
      held.add(release)
      if (gone.aborted) abort()
      else gone.addEventListener('abort', abort)
    })
  }

  #throttle({ fault, buckets }: Rule, operation: StruckOperation): void {
    const { throttle } = fault
    if (!throttle || ('tier' in throttle && operation === 'settle')) return
    let bucket = buckets.get(operation)
    if (!bucket) {
      bucket =
        'tier' in throttle
          ? new TokenBucket(
              this.#clock,
              tierPerSecond(throttle.tier, throttle.units ?? 1, operation === 'send' ? 'send' : 'receive'),
            )
          : new TokenBucket(this.#clock, throttle.perSecond, throttle.burst)
      buckets.set(operation, bucket)
    }
    const waitSeconds = bucket.take()
    if (waitSeconds > 0) throw new HubError(429001, 'too many requests', fault.retryAfterSeconds ?? waitSeconds)
  }

  #remove(key: string): void {
    const rule = this.#rules.get(key)
    this.#rules.delete(key)
    for (const release of [...(rule?.held ?? [])]) release()
  }
}

function fits(fault: Fault, deviceId: string, operation: StruckOperation): boolean {
  const { device = deviceId, operation: struck = 'all' } = fault
  return device === deviceId && (struck === 'all' || struck === operation)
}

function strikes({ fault, remaining, random }: Rule): boolean {
  return remaining > 0 && random() < (fault.probability ?? 1)
}

/** Numbers from 0 to 1, the same for the same seed: a linear congruence, which is random enough for faults. */
function generator(seed: number): () => number {
  const modulus = 2 ** 31 - 1
  const factor = 48_271
  // Small seeds would start with small numbers, so the first few are passed over.
  let state = ((Math.abs(seed) % (modulus - 1)) + 1) * factor
  const next = () => {
    state = ((state % modulus) * factor) % modulus
    return state / modulus
  }
  next()
  next()
  return next
}
