import type { PlannedPoll } from './poll-plan.ts'
import { type Job, Poll, RequestQueue } from './request-queue.ts'
import type { Timers } from './timers.ts'

/** Times of a conversation, see the options of `modbus`. */
export interface ConversationTimes {
  readonly replyTimeoutMs: number
  readonly retries: number
  readonly turnaroundMs: number
}

/** What a conversation needs of the line that it is on. */
export interface Partner<C extends Job> {
  /** Whether a request would be taken now, and whether what a poll brings would be. */
  readonly takesRequests: boolean
  readonly takesReadings: boolean
  /** False while what the device says is not looked at, because of what is behind: its reply may be there. */
  readonly hears: boolean
  /** Whether the time of a command that waits is over; it is told to the hub then, and not asked. */
  isOver(job: C): boolean
  /** Puts a request on the line; its reply is looked for from now on. */
  ask(job: C | Poll): void
  /** The last that is looked at for a reply that did not come in time; it may turn out to be there. */
  giveUp(): void
  /** Nothing is looked for any more, after so many tries. */
  silent(job: C | Poll, tries: number): void
  /** A request was sent that nobody answers. */
  sent(job: C | Poll): void
}

/** One request at a time, its reply or the silence after it, then the next. */
export class Conversation<C extends Job> {
  readonly #times: ConversationTimes
  readonly #timers: Timers
  readonly #partner: Partner<C>
  readonly #queue: RequestQueue<C>
  #pending: { readonly job: C | Poll; readonly tries: number; timer: NodeJS.Timeout } | undefined
  /** A poll that got no reply and is asked once more. */
  #again: { readonly job: Poll; readonly tries: number } | undefined
  #turnaround: NodeJS.Timeout | undefined
  #open = false
  #closed = false

  constructor(times: ConversationTimes, timers: Timers, partner: Partner<C>) {
    this.#times = times
    this.#timers = timers
    this.#partner = partner
    this.#queue = new RequestQueue(timers, times.replyTimeoutMs, () => this.goOn())
  }

  /** What waits for its reply. */
  get pending(): C | Poll | undefined {
    return this.#pending?.job
  }

  /** The device is known: it may be asked. */
  start(polls: readonly PlannedPoll[]): void {
    this.#open = true
    this.#queue.start(polls)
  }

  /** A command waits for its turn, unless it repeats one that waits for its reply: that reply is to both. See {@link RequestQueue.add}. */
  add(command: C, isRepeated: (other: C) => boolean): void {
    const pending = this.pending
    if (pending !== undefined && !(pending instanceof Poll) && isRepeated(pending)) return
    this.#queue.add(command, isRepeated)
  }

  /** Asks what is next, if nothing waits for a reply and there is room. Called whenever one of these may have changed. */
  goOn(): void {
    if (!this.#open || this.#closed || this.#pending !== undefined || this.#turnaround !== undefined) return
    if (!this.#partner.takesRequests) return
    const next = this.#next()
    if (next !== undefined) this.#ask(next.job, next.tries)
  }

  /** The reply to what was pending has come. */
  replied(): C | Poll {
    const { job, timer } = this.#pending as { job: C | Poll; timer: NodeJS.Timeout }
    clearTimeout(timer)
    this.#pending = undefined
    return job
  }

  /** Nothing is asked any more, and no timer left. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#pending?.timer)
    clearTimeout(this.#turnaround)
    this.#pending = undefined
    this.#again = undefined
    this.#queue.close()
  }

  #next(): { readonly job: C | Poll; readonly tries: number } | undefined {
    this.#queue.remove((command) => this.#partner.isOver(command))
    const command = this.#queue.take(false)
    if (command !== undefined) return { job: command, tries: 0 }
    if (!this.#partner.takesReadings) return undefined
    const again = this.#again
    this.#again = undefined
    if (again !== undefined) return again
    const poll = this.#queue.take(true)
    return poll === undefined ? undefined : { job: poll, tries: 0 }
  }

  #ask(job: C | Poll, tries: number): void {
    const { replyTimeoutMs, turnaroundMs } = this.#times
    if (job.exchange.replyBytes > 0) {
      const timer = this.#silenceAfter(replyTimeoutMs)
      this.#pending = { job, tries: tries + 1, timer }
      this.#partner.ask(job)
      return
    }
    // All units take a request to all of them, but some take their time.
    this.#turnaround = this.#timers.after(turnaroundMs, () => {
      this.#turnaround = undefined
      this.goOn()
    })
    this.#partner.ask(job)
    this.#partner.sent(job)
  }

  #silenceAfter(timeMs: number): NodeJS.Timeout {
    return this.#timers.after(timeMs, () => this.#silence())
  }

  #silence(): void {
    const pending = this.#pending
    if (pending === undefined) return
    if (!this.#partner.hears) {
      pending.timer = this.#silenceAfter(this.#times.replyTimeoutMs)
      return
    }
    this.#partner.giveUp()
    if (this.#pending !== pending) return
    const { job, tries } = pending
    this.#pending = undefined
    this.#queue.gaveUp(job)
    if (job instanceof Poll && tries <= this.#times.retries) this.#again = { job, tries }
    else this.#partner.silent(job, tries)
    this.goOn()
  }
}
