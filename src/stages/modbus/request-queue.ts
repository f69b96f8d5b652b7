import type { Exchange } from './exchange.ts'
import type { PlannedPoll } from './poll-plan.ts'
import type { Timers } from './timers.ts'

/** A request that waits for its turn on the line. */
export interface Job {
  readonly exchange: Exchange
}

/** An entry of the plan, as often as its interval has passed. */
export class Poll implements Job {
  readonly planned: PlannedPoll
  /** The poll behind it among those that are due. */
  next: Poll | undefined
  timer: NodeJS.Timeout | undefined

  constructor(planned: PlannedPoll) {
    this.planned = planned
  }

  get exchange(): Exchange {
    return this.planned.exchange
  }
}

/** A request that was given up: its reply may still come. */
interface Late {
  readonly timer: NodeJS.Timeout
  readonly parked: Poll[]
}

/**
 * What is to be asked on one line, and in which order: commands first, then the polls that are due, each of them once, in the order in
 * which they became due. A line that cannot keep up polls in turn as fast as it can. RTU replies do not say what they answer: where a
 * request was given up, those with the same unit and function wait until a reply to it can hardly come any more; others pass them.
 * Every operation takes the same time, however long the plan is.
 */
export class RequestQueue<C extends Job> {
  readonly #timers: Timers
  readonly #lateMs: number
  /** Called when there is something to ask that was not there before. */
  readonly #changed: () => void
  #commands: C[] = []
  #first: Poll | undefined
  #last: Poll | undefined
  #polls: Poll[] = []
  readonly #late = new Map<number, Late>()

  constructor(timers: Timers, lateMs: number, changed: () => void) {
    this.#timers = timers
    this.#lateMs = lateMs
    this.#changed = changed
  }

  /** All entries of a plan are due. */
  start(polls: readonly PlannedPoll[]): void {
    this.#polls = polls.map((planned) => new Poll(planned))
    for (const poll of this.#polls) this.#append(poll)
  }

  /** A command waits for its turn: in the place of one that waits and of which it is a repetition, else behind all others. */
  add(command: C, isRepeated: (other: C) => boolean): void {
    const place = this.#commands.findIndex(isRepeated)
    if (place >= 0) this.#commands[place] = command
    else this.#commands.push(command)
  }

  /** Takes out the commands that are not to be asked any more. */
  remove(isOver: (command: C) => boolean): void {
    if (this.#commands.length > 0) this.#commands = this.#commands.filter((each) => !isOver(each))
  }

  /** Takes what is to be asked next. Where polls are not to be asked now, they keep their turn. */
  take(withPolls: boolean): C | Poll | undefined {
    const place = this.#commands.findIndex((each) => !this.#late.has(keyOf(each)))
    if (place >= 0) return this.#commands.splice(place, 1)[0]
    while (withPolls && this.#first !== undefined) {
      const poll = this.#first
      this.#first = poll.next
      poll.next = undefined
      const late = this.#late.get(keyOf(poll))
      if (late === undefined) return this.#asked(poll)
      late.parked.push(poll)
    }
    return undefined
  }

  /** A request was given up. */
  gaveUp(job: Job): void {
    const key = keyOf(job)
    const before = this.#late.get(key)
    clearTimeout(before?.timer)
    const timer = this.#timers.after(this.#lateMs, () => this.#forget(key))
    this.#late.set(key, { timer, parked: before?.parked ?? [] })
  }

  /** Nothing will be asked any more: no timer is left. */
  close(): void {
    for (const poll of this.#polls) clearTimeout(poll.timer)
    for (const { timer } of this.#late.values()) clearTimeout(timer)
    this.#late.clear()
    this.#polls = []
    this.#commands = []
    this.#first = undefined
  }

  #append(poll: Poll): void {
    if (this.#first === undefined) this.#first = poll
    else (this.#last as Poll).next = poll
    this.#last = poll
  }

  /** The interval runs from one request to the next, so that a line that was held does not catch up all at once. */
  #asked(poll: Poll): Poll {
    poll.timer = this.#timers.after(poll.planned.intervalMs, () => {
      this.#append(poll)
      this.#changed()
    })
    return poll
  }

  #forget(key: number): void {
    const late = this.#late.get(key)
    this.#late.delete(key)
    for (const poll of late?.parked ?? []) this.#append(poll)
    this.#changed()
  }
}

function keyOf({ exchange: { asked } }: Job): number {
  return 256 * asked.unit + asked.function
}
