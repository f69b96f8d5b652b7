import type { Transform } from 'node:stream'
import through2 from 'through2'
import { ActiveSlot, type ActiveSlotParts } from './active-slot.ts'
import type { Boundary } from './backpressure.ts'
import type { GatewayError } from './errors.ts'
import type { Direction } from './meter.ts'
import { Run, type RunExit, sliceBytes } from './run.ts'
import type { RunContext, Slot } from './slot.ts'

/** Neighbouring steps of one lane. */
export interface RunPart {
  readonly slots: readonly Slot[]
  readonly direction: Direction
  readonly context: RunContext
  /** Held while an active half before it finds no room; undefined where none is. */
  readonly boundary: Boundary | undefined
}

/** An active half between them. */
export type ActivePart = Omit<ActiveSlotParts, 'next' | 'fail'>

/** Options of {@link FusedStream}. */
export interface FusedStreamOptions {
  /** Takes socket chunks, which are worked off in slices. */
  readonly bytesIn: boolean
  /** Gives socket bytes: what one turn produces is joined into one write. */
  readonly bytesOut: boolean
  /** Items that wait to enter before whoever gives them is held; default 16. */
  readonly maxWaiting?: number | undefined
}

/** Items that a stream gives out before it waits to be read. */
const readableItems = 16

/** Items that wait to enter a stream. */
const waitingItems = 16

/**
 * One through2 for a stretch of a ring: runs of fused steps with active halves between them, in flow order. A ring without Node streams among
 * its halves is a single one: socket bytes in, up through the steps to the hub endpoint, and down to socket bytes.
 */
export class FusedStream {
  readonly stream: Transform
  readonly parts: readonly (Run | ActiveSlot)[]
  #gone = false
  #room: (() => void)[] | undefined

  constructor(parts: readonly (RunPart | ActivePart)[], options: FusedStreamOptions) {
    const { bytesIn, bytesOut, maxWaiting = waitingItems } = options
    const take = (chunk: unknown) => {
      const first = this.parts[0] as Run | ActiveSlot
      if (first instanceof ActiveSlot) return first.enter(chunk)
      return bytesIn ? first.takeBytes(chunk as Buffer) : first.take(chunk)
    }
    this.stream = through2(
      {
        writableObjectMode: !bytesIn,
        readableObjectMode: !bytesOut,
        writableHighWaterMark: bytesIn ? sliceBytes : maxWaiting,
        readableHighWaterMark: bytesOut ? sliceBytes : readableItems,
      },
      (chunk: unknown, _encoding, done) => settle(take(chunk), done),
      (done) => settle(this.#finish(), done),
    ) as unknown as Transform
    this.#watch()
    this.parts = this.#link(parts, bytesOut)
  }

  /** Runs and active halves are joined from the last to the first: each knows what takes what it gives. */
  #link(parts: readonly (RunPart | ActivePart)[], bytesOut: boolean): (Run | ActiveSlot)[] {
    const linked: (Run | ActiveSlot)[] = []
    let exit = this.#exit(bytesOut)
    let next = (item: unknown) => {
      this.stream.push(item)
      return this.#roomIfFull()
    }
    for (const part of parts.toReversed()) {
      if ('half' in part) {
        const slot = new ActiveSlot({ ...part, next, fail: (error) => this.#fail(error) })
        next = (item) => slot.enter(item)
        exit = this.#exitTo(slot)
        linked.unshift(slot)
      } else {
        const run = new Run(part.slots, part.direction, exit, part.context)
        const { boundary } = part
        next = (item) => held(boundary, run.inject(0, item))
        linked.unshift(run)
      }
    }
    return linked
  }

  #exit(bytesOut: boolean): RunExit {
    const { stream } = this
    const isGone = () => this.#gone
    return {
      get gone() {
        return isGone()
      },
      take(item) {
        stream.push(item)
        return undefined
      },
      takeBytes: bytesOut
        ? (buffers) => void stream.push(buffers.length === 1 ? buffers[0] : Buffer.concat(buffers))
        : undefined,
      room: () => this.#roomIfFull(),
    }
  }

  #exitTo(slot: ActiveSlot): RunExit {
    const isGone = () => this.#gone
    return {
      get gone() {
        return isGone()
      },
      take: (item) => slot.enter(item),
      takeBytes: undefined,
      room: () => undefined,
    }
  }

  #watch(): void {
    const { stream } = this
    const read = stream._read
    stream._read = (size) => {
      this.#release()
      read.call(stream, size)
    }
    const destroy = stream._destroy
    stream._destroy = (error, done) => {
      this.#gone = true
      this.#release()
      for (const part of this.parts) part.close()
      destroy.call(stream, error, done)
    }
  }

  async #finish(): Promise<void> {
    for (const part of this.parts) await part.finish()
  }

  #fail(error: GatewayError): void {
    this.stream.destroy(error)
  }

  #roomIfFull(): Promise<void> | undefined {
    const { stream } = this
    if (this.#gone || stream.readableLength < stream.readableHighWaterMark) return undefined
    return new Promise((resolve) => {
      this.#room ??= []
      this.#room.push(resolve)
    })
  }

  #release(): void {
    const waiting = this.#room
    if (waiting === undefined) return
    this.#room = undefined
    for (const resolve of waiting) resolve()
  }
}

/** Holds a boundary for as long as a promise pends. */
function held(boundary: Boundary | undefined, pending: Promise<void> | undefined): Promise<void> | undefined {
  if (pending === undefined || boundary === undefined) return pending
  boundary.hold()
  return pending.then(() => boundary.release())
}

function settle(pending: Promise<void> | undefined, done: (error?: Error | null) => void): void {
  if (pending === undefined) done()
  else pending.then(() => done(), done)
}
