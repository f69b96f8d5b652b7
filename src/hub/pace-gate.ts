import { GatewayError } from '../core/errors.ts'
import type { Stopwatch } from '../core/meter.ts'
import { AdaptiveBucket } from './adaptive-bucket.ts'
import { FairQueue, type Queued } from './fair-queue.ts'

/** Who asks a {@link PaceGate} to be let through. */
export interface Turn {
  /** Whom it is for: turns are shared out over flows. */
  readonly flow: string
  /** Operations that it stands for, more than 0; default 1. */
  readonly cost?: number
  /** Fires when the turn is not wanted any more. */
  readonly signal: AbortSignal
  /** Gives way to all others, but for one turn in {@link idleTurn}, and is not counted as waiting. */
  readonly idle?: boolean
}

/** While others wait, every so manieth turn is an idle one's. */
export const idleTurn = 8

/** The rate may have risen meanwhile, so that a turn comes sooner than was foreseen. */
const longestLookMs = 1000

interface Waiter {
  let(): void
  refuse(error: GatewayError): void
}

/** Lets operations through at a rate that follows what the hub says, shared fairly over flows. One timer, and only while somebody waits. */
export class PaceGate {
  readonly #bucket: AdaptiveBucket
  readonly #stopwatch: Stopwatch
  readonly #ordinary = new FairQueue<Waiter>()
  readonly #idle = new FairQueue<Waiter>()
  /** Ordinary turns since an idle one. */
  #ordinaryTurns = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `perSecond` is the full rate, more than 0; `stopwatch` gets the time that turns wait which are not idle. */
  constructor(perSecond: number, stopwatch: Stopwatch) {
    this.#bucket = new AdaptiveBucket(perSecond)
    this.#stopwatch = stopwatch
  }

  /** Turns that wait now, idle ones apart. */
  get waiting(): number {
    return this.#ordinary.size
  }

  /** Operations a second that are let through now. */
  get perSecond(): number {
    return this.#bucket.perSecond
  }

  /** As in {@link AdaptiveBucket}. */
  get utilization(): number {
    return this.#bucket.utilization
  }

  /** Resolves when it is the turn's time. Rejects with `HUB_SESSION_CLOSED` when its signal fires or the gate is closed. */
  async admit(turn: Turn): Promise<void> {
    const { flow, cost = 1, signal, idle = false } = turn
    if (this.#closed || signal.aborted) throw closedError()
    if (this.#ordinary.size + this.#idle.size === 0 && this.#bucket.waitMs(cost) === 0) {
      this.#bucket.spend(cost)
      return
    }
    await new Promise<void>((resolve, reject) => {
      const queue = idle ? this.#idle : this.#ordinary
      const askedAt = performance.now()
      const leave = () => {
        signal.removeEventListener('abort', abort)
        if (!idle) this.#stopwatch.stop(performance.now(), askedAt)
      }
      const abort = () => {
        queue.remove(queued)
        if (this.#ordinary.size + this.#idle.size === 0) this.#stopTimer()
        leave()
        reject(closedError())
      }
      const waiter: Waiter = {
        let() {
          leave()
          resolve()
        },
        refuse(error) {
          leave()
          reject(error)
        },
      }
      if (!idle) this.#stopwatch.start(askedAt)
      signal.addEventListener('abort', abort, { once: true })
      const queued: Queued<Waiter> = queue.add(flow, cost, waiter)
      // Who is not next changes nothing: with thousands in line the timer stays as it is.
      if (this.#timer === undefined || queue.head === queued) this.#look()
    })
  }

  /** The hub said "too many": see {@link AdaptiveBucket.throttled}. */
  throttled(retryAfterMs: number | undefined): void {
    this.#bucket.throttled(retryAfterMs)
  }

  /** Turns away all who wait. */
  refuse(error: GatewayError): void {
    this.#stopTimer()
    for (const queue of [this.#ordinary, this.#idle]) {
      for (let next = queue.take(); next !== undefined; next = queue.take()) next.value.refuse(error)
    }
  }

  /** Turns away all who wait and who come later, with `HUB_SESSION_CLOSED`. */
  close(): void {
    this.#closed = true
    this.refuse(closedError())
  }

  /** Lets through whom there is room for, and comes back for the next. */
  #look(): void {
    this.#stopTimer()
    for (let queue = this.#nextQueue(); queue.head !== undefined; queue = this.#nextQueue()) {
      const { cost, value } = queue.head
      const waitMs = this.#bucket.waitMs(cost)
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#look(), Math.min(Math.ceil(waitMs), longestLookMs))
        return
      }
      queue.take()
      this.#bucket.spend(cost)
      this.#ordinaryTurns = queue === this.#idle ? 0 : this.#ordinaryTurns + 1
      value.let()
    }
  }

  #nextQueue(): FairQueue<Waiter> {
    if (this.#ordinary.size === 0) return this.#idle
    return this.#idle.size > 0 && this.#ordinaryTurns >= idleTurn - 1 ? this.#idle : this.#ordinary
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function closedError(): GatewayError {
  return new GatewayError('HUB_SESSION_CLOSED', 'the hub session was closed while it waited for its turn')
}
