import type { Duplex } from 'node:stream'
import type { ActivePart, ActiveSlot } from './active-slot.ts'
import { activeStream } from './active-stream.ts'
import type { BackpressureWatch, Boundary } from './backpressure.ts'
import { FusedStream } from './fused-stream.ts'
import type { Direction, PipelineMeter } from './meter.ts'
import { enterStream, guardStream, isStream } from './plain-stream.ts'
import { Run, type RunPart } from './run.ts'
import type { AnyStep, RunContext, SlotTable } from './slot.ts'
import type { ActiveHalf } from './stage.ts'

type AnyActive = ActiveHalf<unknown, unknown>

/** A half of a stage, or the endpoint, with its place in a ring. */
export interface Placed {
  readonly stage: number
  readonly name: string
  readonly direction: Direction
  readonly half: Duplex | AnyActive | AnyStep
  /** Items that wait before it where it is active and has a stream of its own. */
  readonly waiting: number
}

/** What composing needs of its ring. */
export interface CompositionParts {
  /** In flow order: the up halves from the outermost on, the endpoint, the down halves back out. */
  readonly placed: readonly Placed[]
  /** False gives every half a stream of its own. */
  readonly fuse: boolean
  /** The innermost stage whose up half reads ahead of a hello; -1 without one. Behind it there is room for what waits. */
  readonly ahead: number
  readonly meter: PipelineMeter
  readonly slots: SlotTable
  readonly watch: BackpressureWatch
  readonly contextOf: (direction: Direction, readsAhead: boolean) => RunContext
  /** A stream broke; `name` as errors have it, such as `batch.up`, undefined where the error names its stage. */
  readonly broken: (error: Error, name: string | undefined) => void
}

/** A Node stream in its place. */
interface StreamPlace {
  readonly stage: number
  readonly direction: Direction
  receive(item: unknown): Promise<void> | undefined
}

/** Neighbours that share a stream. */
interface Stretch {
  readonly boundary: Boundary
  readonly parts: (RunPart | ActivePart)[]
  /** Not in a run yet. */
  steps: Placed[]
}

/** The streams of a ring, in flow order, with the ways in before each half. Made by {@link compose}. */
export class Composition {
  readonly chain: readonly Duplex[]
  readonly #places: readonly (Run | ActiveSlot | StreamPlace)[]

  constructor(chain: readonly Duplex[], places: readonly (Run | ActiveSlot | StreamPlace)[]) {
    this.chain = chain
    this.#places = places
  }

  /** What takes the device's bytes; undefined where that is a Node stream. */
  get entry(): Run | undefined {
    const [first] = this.#places
    return first instanceof Run ? first : undefined
  }

  /** Lets an item enter the way down just outside of a stage. */
  enterOutside(stage: number, item: unknown): Promise<void> | undefined {
    for (const place of this.#places) {
      if (place.direction !== 'down') continue
      if (!(place instanceof Run)) {
        if (place.stage < stage) return place.receive(item)
      } else {
        const at = place.slots.findIndex((slot) => slot.stage < stage)
        if (at >= 0) return place.inject(at, item)
        if (place === this.#places.at(-1)) return place.inject(place.slots.length, item)
      }
    }
    return undefined
  }

  /** Lets an item enter the way up just inside of a stage. */
  enterInside(stage: number, item: unknown): Promise<void> | undefined {
    for (const place of this.#places) {
      if (place.direction !== 'up') continue
      if (!(place instanceof Run)) {
        if (place.stage > stage) return place.receive(item)
      } else {
        const at = place.slots.findIndex((slot) => slot.stage > stage)
        if (at >= 0) return place.inject(at, item)
      }
    }
    return undefined
  }
}

/** Composes halves in flow order: steps and active halves that neighbour share a stream. */
export function compose(parts: CompositionParts): Composition {
  return new Composer(parts).compose()
}

class Composer {
  readonly #parts: CompositionParts
  readonly #chain: Duplex[] = []
  readonly #places: (Run | ActiveSlot | StreamPlace)[] = []
  #open: Stretch | undefined

  constructor(parts: CompositionParts) {
    this.#parts = parts
  }

  compose(): Composition {
    for (const each of this.#parts.placed) this.#add(each)
    // It always ends in a run, so that a reply of the outermost stage has a way in behind its own down half.
    this.#closeStretch(true)
    // Every connection has one: without the room that arrays grow by.
    return new Composition(this.#chain.slice(), this.#places.slice())
  }

  #add(placed: Placed): void {
    const { half, direction } = placed
    const { fuse, ahead } = this.#parts
    if (isStream(half)) this.#addStream(guardStream(half), placed)
    else if (isActive(half)) {
      if (fuse) this.#addActive(half, placed)
      else this.#addStream(activeStream(half, placed.waiting), placed)
    } else {
      const last = this.#open?.steps.at(-1)
      const roomNeeded = last?.direction === 'up' && last.stage === ahead
      if (!fuse || roomNeeded || (last !== undefined && last.direction !== direction)) this.#closeStretch()
      this.#stretch().steps.push(placed)
    }
  }

  #addStream(stream: Duplex, { stage, name, direction }: Placed): void {
    this.#closeStretch()
    this.#chain.push(stream)
    this.#places.push({ stage, direction, receive: enterStream(stream) })
    const { watch, meter, broken } = this.#parts
    watch.add(stream, meter.stage(name, direction))
    stream.on('error', (error) => broken(error, `${name}.${direction}`))
  }

  #addActive(half: AnyActive, { stage, name, direction }: Placed): void {
    const stretch = this.#stretch()
    this.#closeRun(stretch)
    const { watch, meter } = this.#parts
    const boundary = watch.boundary(meter.stage(name, direction))
    stretch.parts.push({ half, stage, direction, boundary })
  }

  #stretch(): Stretch {
    this.#open ??= { boundary: this.#parts.watch.boundary(undefined), parts: [], steps: [] }
    return this.#open
  }

  #closeRun(stretch: Stretch, last = false): void {
    const { steps, parts } = stretch
    if (steps.length === 0 && !last) return
    const { ahead, watch, meter, slots, contextOf } = this.#parts
    const direction = last ? 'down' : (steps[0] as Placed).direction
    const readsAhead = direction === 'up' && steps.every(({ stage }) => stage <= ahead)
    // Steps are charged one by one; what they are held by behind them is not theirs.
    const boundary = parts.length === 0 ? undefined : watch.boundary(undefined)
    parts.push({
      slots: slots.row(steps.map(({ stage, name }) => slots.slot(meter.stage(name, direction), stage))),
      steps: steps.map(({ half }) => half as AnyStep),
      direction,
      context: contextOf(direction, readsAhead),
      boundary,
    })
    stretch.steps = []
  }

  #closeStretch(last = false): void {
    const stretch = last ? this.#stretch() : this.#open
    if (stretch === undefined) return
    this.#closeRun(stretch, last)
    this.#open = undefined
    const { watch, broken } = this.#parts
    const first = stretch.parts[0]
    const bytesIn = this.#chain.length === 0
    // What comes from the endpoint may be the receipt of a whole batch, which keeps its messages alive.
    const maxWaiting = first?.direction === 'down' ? 1 : undefined
    const fused = new FusedStream(stretch.parts, { bytesIn, bytesOut: last, maxWaiting })
    // Of the first, whether it is full is asked where that is wanted: it is charged to nobody.
    if (this.#chain.length > 0) watch.watchWrites(fused.stream, stretch.boundary)
    fused.stream.on('error', (error) => broken(error, undefined))
    this.#chain.push(fused.stream)
    this.#places.push(...fused.parts)
  }
}

function isActive(half: object): half is AnyActive {
  return 'start' in half
}
