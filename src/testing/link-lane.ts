import type { Socket } from 'node:net'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'

/** What a lane asks of its link before each chunk, and tells it. */
export interface LaneOrders {
  readonly stalled: () => boolean
  /** How long what comes is held; 0 goes on at once. */
  readonly delayMs: () => number
  readonly split: () => boolean
  /** True where the chunk is to be thrown away. */
  readonly swallows: () => boolean
  /** How many of so many bytes may go before the connection is to be reset; undefined for all. */
  readonly resetWithin: (length: number) => number | undefined
  readonly reset: () => void
  /** Bytes came, written by their sender at `notBeforeMs` or later. */
  readonly saw: (bytes: Buffer, notBeforeMs: number) => void
}

/** How much is held before the sender is no longer read. */
const maxHeldBytes = 65_536

/** One direction of one connection of a link: takes bytes, holds them as it is told, writes them on, and passes on the end. */
export class LinkLane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #orders: LaneOrders
  readonly #queue: { readonly bytes: Buffer; readonly at: number }[] = []
  readonly #gone = new AbortController()
  #heldBytes = 0
  #ended = false
  #moving = false
  /** Since when its socket may hold bytes that were not seen; undefined while it is read as they come. */
  #blindSince: number | undefined
  #sawSomething = false

  constructor(from: Socket, to: Socket, orders: LaneOrders) {
    this.#from = from
    this.#to = to
    this.#orders = orders
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.once('end', () => {
      this.#ended = true
      this.move()
    })
  }

  /** Ends what it waits for; what it holds is thrown away. */
  close(): void {
    this.#gone.abort()
    this.#queue.length = 0
  }

  /** Goes on if it may: to be called when its orders change. */
  move(): void {
    if (this.#moving) return
    this.#moving = true
    void this.#moveAll().finally(() => {
      this.#moving = false
    })
  }

  #take(bytes: Buffer): void {
    this.#sawSomething = true
    this.#orders.saw(bytes, this.#blindSince ?? Date.now())
    this.#queue.push({ bytes, at: performance.now() })
    this.#heldBytes += bytes.length
    if (this.#heldBytes > maxHeldBytes) {
      this.#blindSince ??= Date.now()
      this.#from.pause()
    }
    this.move()
  }

  async #moveAll(): Promise<void> {
    while (!this.#gone.signal.aborted) {
      if (this.#orders.stalled()) return
      const next = this.#queue[0]
      if (next === undefined) break
      const waitMs = next.at + this.#orders.delayMs() - performance.now()
      if (waitMs > 0) {
        // Closing ends the wait; the loop sees that.
        await delay(waitMs, undefined, { signal: this.#gone.signal }).catch(() => undefined)
        continue
      }
      this.#queue.shift()
      await this.#pass(next.bytes)
      this.#heldBytes -= next.bytes.length
      if (this.#from.isPaused() && this.#heldBytes <= maxHeldBytes) this.#readAgain()
    }
    if (this.#ended && !this.#gone.signal.aborted) this.#to.end()
  }

  async #pass(bytes: Buffer): Promise<void> {
    const allowed = this.#orders.resetWithin(bytes.length)
    const passing = allowed === undefined ? bytes : bytes.subarray(0, allowed)
    if (!this.#orders.swallows()) {
      let left = passing
      while (left.length > 0 && this.#orders.split() && !this.#gone.signal.aborted) {
        await this.#write(left.subarray(0, 1))
        left = left.subarray(1)
        // A reader in this process too may read each byte alone.
        await turn()
      }
      await this.#write(left)
    }
    if (allowed !== undefined) this.#orders.reset()
  }

  /** Resolves when the system has it, or the connection is gone. */
  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (bytes.length === 0 || this.#gone.signal.aborted || this.#to.destroyed) resolve()
      else this.#to.write(bytes, () => resolve())
    })
  }

  /** It sees again when the loop has turned without anything new: then its socket was empty. */
  #readAgain(): void {
    this.#from.resume()
    const look = () => {
      if (this.#from.isPaused() || this.#gone.signal.aborted) return
      if (this.#sawSomething) {
        this.#sawSomething = false
        setImmediate(look)
      } else this.#blindSince = undefined
    }
    this.#sawSomething = true
    setImmediate(look)
  }
}
