import type { Writable } from 'node:stream'
import type { StageMeter } from './meter.ts'

/** A place in a ring where what comes before may be told to wait. */
export class Boundary {
  readonly meter: StageMeter | undefined
  readonly #watch: BackpressureWatch
  readonly #index: number
  /** True while what comes before is told to wait. */
  held = false
  /** Since when the stage is charged for it. */
  chargedAt: number | undefined

  constructor(meter: StageMeter | undefined, watch: BackpressureWatch, index: number) {
    this.meter = meter
    this.#watch = watch
    this.#index = index
  }

  hold(): void {
    if (this.held) return
    this.held = true
    this.#watch.charge(this.#index)
  }

  release(): void {
    if (!this.held) return
    this.held = false
    this.#watch.charge(this.#index)
  }
}

/**
 * Watches the boundaries of one ring, in flow order, for what is told to wait. A stage is charged with blocked time
 * while it holds the one before it and is not itself held by the one behind: so the metric names the culprit, not all who
 * queue up behind it.
 */
export class BackpressureWatch {
  readonly #boundaries: Boundary[] = []

  /** True while anything of the ring has been told to wait. */
  get blocked(): boolean {
    return this.#boundaries.some((boundary) => boundary.held)
  }

  /** Adds the next boundary in flow order. `meter` is charged; undefined where several steps are charged one by one. */
  boundary(meter: StageMeter | undefined): Boundary {
    const boundary = new Boundary(meter, this, this.#boundaries.length)
    this.#boundaries.push(boundary)
    return boundary
  }

  /** Adds the next stream in flow order; `meter` also counts what enters. */
  add(stream: Writable, meter: StageMeter | undefined): void {
    this.watchWrites(stream, this.boundary(meter))
  }

  /** Makes a boundary that was added before that of a stream. */
  watchWrites(stream: Writable, boundary: Boundary): void {
    const { meter } = boundary
    const write = stream.write as (...args: unknown[]) => boolean
    const watched = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
      if (meter !== undefined) meter.items++
      const more = write.call(stream, chunk, encoding, done)
      if (!more) boundary.hold()
      return more
    }
    stream.write = watched as Writable['write']
    const released = () => boundary.release()
    stream.on('drain', released)
    // A stream that was ended while it was full never emits drain.
    stream.on('finish', released)
  }

  /** The ring is gone: nothing is held any more. */
  close(): void {
    for (const boundary of this.#boundaries) boundary.held = false
    for (let index = 0; index < this.#boundaries.length; index++) this.charge(index)
  }

  /** Brings the charges of a boundary and of the one before it up to date. */
  charge(changed: number): void {
    const now = performance.now()
    for (let index = Math.max(0, changed - 1); index <= changed; index++) {
      const boundary = this.#boundaries[index] as Boundary
      const guilty = boundary.held && !this.#boundaries[index + 1]?.held
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
