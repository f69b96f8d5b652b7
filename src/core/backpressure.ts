import type { Writable } from 'node:stream'
import type { StageMeter } from './meter.ts'

interface Boundary {
  readonly meter: StageMeter | undefined
  /** Since when a write to this stream has been told to wait; undefined while it takes more. */
  blockedAt: number | undefined
  /** Since when the stage is charged for it. */
  chargedAt: number | undefined
}

/**
 * Watches the streams of one ring, in flow order, for writes that are told to wait. A stage is charged with blocked time
 * while it holds the one before it and is not itself held by the one behind: so the metric names the culprit, not all who
 * queue up behind it.
 */
export class BackpressureWatch {
  readonly #boundaries: Boundary[] = []

  /** True while any stream of the ring has been told to wait. */
  get blocked(): boolean {
    return this.#boundaries.some((boundary) => boundary.blockedAt !== undefined)
  }

  /**
   * Adds the next stream in flow order. `meter` counts what enters and is charged; undefined where several steps share
   * the stream and are counted one by one.
   */
  add(stream: Writable, meter: StageMeter | undefined): void {
    const index = this.#boundaries.length
    const boundary: Boundary = { meter, blockedAt: undefined, chargedAt: undefined }
    this.#boundaries.push(boundary)
    const write = stream.write as (...args: unknown[]) => boolean
    const watched = (...args: unknown[]): boolean => {
      if (meter !== undefined) meter.items++
      const more = write.apply(stream, args)
      if (!more && boundary.blockedAt === undefined) {
        boundary.blockedAt = performance.now()
        this.#charge(index)
      }
      return more
    }
    stream.write = watched as Writable['write']
    const released = () => {
      if (boundary.blockedAt === undefined) return
      boundary.blockedAt = undefined
      this.#charge(index)
    }
    stream.on('drain', released)
    // A stream that was ended while it was full never emits drain.
    stream.on('finish', released)
  }

  /** The ring is gone: nothing is held any more. */
  close(): void {
    for (const boundary of this.#boundaries) boundary.blockedAt = undefined
    for (let index = 0; index < this.#boundaries.length; index++) this.#charge(index)
  }

  /** Brings the charges of a boundary and of the one before it up to date. */
  #charge(changed: number): void {
    const now = performance.now()
    for (let index = Math.max(0, changed - 1); index <= changed; index++) {
      const boundary = this.#boundaries[index] as Boundary
      const guilty = boundary.blockedAt !== undefined && this.#boundaries[index + 1]?.blockedAt === undefined
      if (guilty === (boundary.chargedAt !== undefined)) continue
      if (guilty) {
        boundary.chargedAt = now
        boundary.meter?.blocked.start(now)
      } else {
        boundary.meter?.blocked.stop(now, boundary.chargedAt as number)
        boundary.chargedAt = undefined
      }
    }
  }
}
