import { Duplex } from 'node:stream'
import { Connection } from '../../src/core/connection.ts'
import type { Batches, Bytes, Level, Lines, Messages } from '../../src/core/levels.ts'
import type { Direction } from '../../src/core/meter.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import type { Ring } from '../../src/core/ring.ts'
import { type Halves, type Outlet, type Stage, stage } from '../../src/core/stage.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { type MemoryHub, memoryHub } from '../../src/testing.ts'

/** Where a stage of the user may stand, outermost first. */
export const places = ['bytes', 'lines', 'messages', 'batches'] as const
export type Place = (typeof places)[number]

/** Halves that fit between any levels: they look at nothing. */
type AnyHalf = Duplex | ((item: never, out: Outlet<never, never>) => Promise<void> | undefined)
type AnyHalves = Halves<Level<never, never>, Level<never, never>>

/** What fails to go on for ever. */
export interface Stall {
  readonly name: string
  /** The stage half that is to blame; undefined where it is the device itself. */
  readonly culprit: string | undefined
  readonly user?: Partial<Record<Place, () => AnyHalves>>
  readonly holdsHub?: boolean
  /** False for a device that never reads; default true. */
  readonly reads?: boolean
}

/** Takes the hello, then one thing that it never finishes. */
class StuckStream extends Duplex {
  #taken = 0
  readonly #passes: number

  constructor(objectMode: boolean, passes: number) {
    super({ objectMode })
    this.#passes = passes
  }

  override _write(item: unknown, _encoding: BufferEncoding, done: () => void): void {
    if (this.#taken++ >= this.#passes) return
    this.push(item)
    done()
  }

  override _read(): void {}
}

const never = new Promise<void>(() => {})

function stuckStep(passes: number): AnyHalf {
  let taken = 0
  return (item, out) => {
    if (taken++ >= passes) return never
    out.emit(item)
    return undefined
  }
}

const directions: readonly Direction[] = ['up', 'down']

// A batch is the first thing to come that far; everywhere else the hello comes first.
const passesAt = (place: Place) => (place === 'batches' ? 0 : 1)

export const stalls: readonly Stall[] = [
  ...directions.flatMap((direction) =>
    places.flatMap((place): Stall[] => {
      const stuck = (name: string, half: () => AnyHalf): Stall => ({
        name: `${name} at the ${place}, going ${direction}`,
        culprit: `user-${place}.${direction}`,
        user: { [place]: () => ({ [direction]: half() }) },
      })
      return [
        stuck('a stream', () => new StuckStream(place !== 'bytes', passesAt(place))),
        stuck('a step', () => stuckStep(passesAt(place))),
      ]
    }),
  ),
  { name: 'the hub', culprit: 'hub.up', holdsHub: true },
  { name: 'a device that does not read', culprit: 'socket.down', reads: false },
]

/** A ring on a socket whose device presses in what it can, stalled somewhere or nowhere. */
export class PressedRing {
  readonly to: MemoryHub = memoryHub()
  readonly connection = new Connection({ id: '1', pipeline: 'pressed' })
  readonly ring: Ring
  readonly #socket: PressingSocket

  constructor(stall: Partial<Stall>, fuse = true) {
    if (stall.holdsHub) this.to.hold()
    const at = <L extends Level>(place: Place): Stage<L, L> =>
      stage<L, L>(`user-${place}`, () => (stall.user?.[place]?.() ?? {}) as unknown as Halves<L, L>)
    const plant = pipeline(
      'pressed',
      at<Bytes>('bytes'),
      lines(),
      at<Lines>('lines'),
      json(),
      at<Messages>('messages'),
      authenticate(fromHello()),
      batch({ maxCount: 100, lingerMs: 0 }),
      at<Batches>('batches'),
      hub(this.to, { maxInFlight: 4 }),
    )
    this.ring = plant.with({ fuse }).open(this.connection)
    this.#socket = new PressingSocket(stall.reads ?? true)
    this.ring.attach(this.#socket, () => {})
  }

  /** Sends one chunk again and again while the ring takes it, at most `limit` bytes; resolves with the bytes it took. */
  async press(chunk: Buffer, limit = chunk.length): Promise<number> {
    this.#socket.press(chunk, limit)
    let before = -1
    for (let quiet = 0; quiet < 20; quiet++) {
      if (this.#socket.taken !== before) quiet = 0
      before = this.#socket.taken
      await new Promise(setImmediate)
    }
    return this.#socket.taken
  }

  destroy(): void {
    this.ring.destroy()
    this.to.release()
  }
}

/** The gateway's end of a socket whose device sends whenever there is room, and reads or does not. */
class PressingSocket extends Duplex {
  readonly #reads: boolean
  #chunk: Buffer = Buffer.alloc(0)
  #left = 0
  #wanted = false
  #pressed = 0

  constructor(reads: boolean) {
    super({ readableHighWaterMark: 1, writableHighWaterMark: 16_384 })
    this.#reads = reads
  }

  /** Bytes that left the socket since the last press. */
  get taken(): number {
    return this.#pressed - this.readableLength
  }

  press(chunk: Buffer, limit: number): void {
    this.#chunk = chunk
    this.#left = limit
    this.#pressed = 0
    this.#give()
  }

  override _read(): void {
    this.#wanted = true
    this.#give()
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#reads) done()
  }

  #give(): void {
    if (!this.#wanted || this.#left <= 0) return
    this.#wanted = false
    this.#left -= this.#chunk.length
    this.#pressed += this.#chunk.length
    this.push(this.#chunk)
  }
}
