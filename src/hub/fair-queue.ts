/** One who waits in a {@link FairQueue}. */
export interface Queued<T> {
  readonly value: T
  readonly flow: string
  /** More than 0. */
  readonly cost: number
}

interface Entry<T> extends Queued<T> {
  /** Virtual time at which its turn would be over; the smallest is next. */
  readonly tag: number
  /** Decides between equal tags: who came first. */
  readonly order: number
  /** Its place in the heap, to be found when it leaves. */
  at: number
}

/** What is known of a flow while it has somebody waiting. */
interface Flow {
  waiting: number
  lastTag: number
}

/**
 * A queue that is fair to flows rather than to those who wait: each flow that always has somebody waiting gets the same cost served, whatever
 * it asks for; one that asks seldom has its turn within a round of the others.
 *
 * Self-clocked fair queueing (Golestani 1994): a turn ends, in virtual time, its cost after the later of the flow's turn before it and the
 * turn that was served last. Unlike in start-time fair queueing, whose bounds of unfairness are the same, no turn that was served ends after
 * the virtual time, so that a flow with nobody waiting needs no memory. Adding, taking and removing are O(log n).
 */
export class FairQueue<T> {
  readonly #heap: Entry<T>[] = []
  readonly #flows = new Map<string, Flow>()
  #virtualTime = 0
  #order = 0

  /** How many wait. */
  get size(): number {
    return this.#heap.length
  }

  /** How many flows are remembered: those with somebody waiting. */
  get flows(): number {
    return this.#flows.size
  }

  /** Who is next. */
  get head(): Queued<T> | undefined {
    return this.#heap[0]
  }

  /** Puts one in line; `cost` is more than 0. What it returns is for {@link FairQueue.remove}. */
  add(flow: string, cost: number, value: T): Queued<T> {
    const known = this.#flows.get(flow) ?? { waiting: 0, lastTag: this.#virtualTime }
    // Never before the virtual time: what waits ends after what was served.
    const tag = known.lastTag + cost
    known.waiting++
    known.lastTag = tag
    this.#flows.set(flow, known)
    const entry: Entry<T> = { value, flow, cost, tag, order: this.#order++, at: this.#heap.length }
    this.#heap.push(entry)
    this.#rise(entry)
    return entry
  }

  /** Takes out who is next. */
  take(): Queued<T> | undefined {
    const next = this.#heap[0]
    if (next === undefined) return undefined
    this.#virtualTime = next.tag
    this.#cut(next)
    return next
  }

  /** Takes out one who left; its turn costs its flow nothing once nobody of that flow waits. False if it is not in line any more. */
  remove(queued: Queued<T>): boolean {
    const entry = queued as Entry<T>
    if (this.#heap[entry.at] !== entry) return false
    this.#cut(entry)
    return true
  }

  #cut(entry: Entry<T>): void {
    const flow = this.#flows.get(entry.flow) as Flow
    if (--flow.waiting === 0) this.#flows.delete(entry.flow)
    const last = this.#heap.pop() as Entry<T>
    if (last === entry) return
    this.#place(last, entry.at)
    this.#rise(last)
    this.#sink(last)
  }

  #place(entry: Entry<T>, at: number): void {
    this.#heap[at] = entry
    entry.at = at
  }

  #rise(entry: Entry<T>): void {
    while (entry.at > 0) {
      const above = this.#heap[(entry.at - 1) >> 1] as Entry<T>
      if (isBefore(above, entry)) return
      const { at } = above
      this.#place(above, entry.at)
      this.#place(entry, at)
    }
  }

  #sink(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.at + 1]
      const right = this.#heap[2 * entry.at + 2]
      if (left === undefined) return
      const below = right !== undefined && isBefore(right, left) ? right : left
      if (isBefore(entry, below)) return
      const { at } = below
      this.#place(below, entry.at)
      this.#place(entry, at)
    }
  }
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.tag < other.tag || (one.tag === other.tag && one.order < other.order)
}
