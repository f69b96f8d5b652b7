import { GatewayError } from './errors.ts'
import { anyByte, type Found, type FoundFiller, type FoundNotYet, type FoundRefusal, noByte } from './found.ts'
import type { FrameFinder } from './framing.ts'
import type { StageMeter } from './meter.ts'
import type { EndingStep, Outlet } from './stage.ts'

type Out = Outlet<Buffer, Buffer>

/** What is refused at the end of a stream: so many bytes of a frame, of which it would have had `of` where that is known. */
export function unterminated(bytes: number, of?: number): GatewayError {
  const whole = of === undefined ? '' : ` of ${of} bytes`
  return new GatewayError('FRAME_UNTERMINATED', `the connection ended ${bytes} bytes into a frame${whole}`)
}

/** What a finder says is wrong if the stream ends with `rest` left; for framings that are made of others. */
export function unfinishedOf(finder: FrameFinder, rest: Buffer): GatewayError | undefined {
  return finder.unfinished === undefined ? unterminated(rest.length) : finder.unfinished(rest)
}

/** Room for the first bytes of a frame. */
const firstRoom = 256

/** Room for more of a frame whose length is not known; after that, for the longest one. */
const secondRoom = 4096

/** A run of noise is told when it has so many bytes, and goes on as another: one that never ends must not be silent. */
const mostNoise = 65_536

/** So many bytes of a run of noise are shown with its error. */
const shownNoise = 64

/**
 * Cuts a stream of chunks into frames at the places that a finder tells. A frame within one chunk is a view of it. What is left
 * of a chunk is copied into room of its own, filled from the following chunks up to where the finder said that it can go on, and
 * the rest of those chunks is looked at where it lies. So a byte of a frame that is cut is copied once, and up to three times in all
 * where the frame outgrows the room that was made before its length was known.
 */
export class Deframer implements EndingStep<Buffer, Buffer, Buffer> {
  readonly #finder: FrameFinder
  readonly #maxBytes: number
  readonly #meter: StageMeter
  /** Bytes of a frame that is not whole: `#held` from `#start` to `#end`. Nothing before `#end` is ever written again. */
  #held: Buffer | undefined
  #start = 0
  #end = 0
  /** What the finder waits for: so many bytes, or this one. */
  #total = 0
  #byte = noByte
  /** Bytes that are still to come and belong to what was refused. */
  #discard = 0
  /** A refusal that is told when those have passed. */
  #late: { readonly error: GatewayError; readonly item: Buffer } | undefined
  #noise = 0
  #noiseShown: Buffer[] = []
  #noiseWhy: GatewayError | undefined

  constructor(finder: FrameFinder, maxBytes: number, meter: StageMeter) {
    this.#finder = finder
    this.#maxBytes = maxBytes
    this.#meter = meter
  }

  /** Bytes that are held of a frame that is not whole; never more than the framing's `maxBytes`. */
  get heldBytes(): number {
    return this.#held === undefined ? 0 : this.#end - this.#start
  }

  push(chunk: Buffer, out: Out): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#discard > 0) at = this.#pass(chunk, at, out)
      else if (this.#held !== undefined) at = this.#goOn(chunk, at, out)
      else {
        const stopped = this.#findAll(chunk, at, out)
        if (stopped < chunk.length) this.#hold(chunk.subarray(stopped))
        at = chunk.length
      }
    }
  }

  end(out: Out): void {
    this.#endNoise(out)
    if (this.#late !== undefined) this.#tellLate(out)
    if (this.#held === undefined) return
    const rest = this.#held.subarray(this.#start, this.#end)
    this.#held = undefined
    const error = unfinishedOf(this.#finder, rest)
    if (error !== undefined) out.fail(error, rest)
  }

  /** Gives everything that lies whole in `window` from `from` on; returns where the rest begins, which the finder waits for. */
  #findAll(window: Buffer, from: number, out: Out): number {
    let at = from
    while (at < window.length) {
      const found = this.#finder.find(window, at)
      if (found.kind === 'wait') {
        this.#await(found, window.length - at)
        return at
      }
      if (found.next <= at) throw new GatewayError('BUG', `the framing found something that ends at ${found.next - at}`)
      if (found.kind === 'frame' && this.#noise === 0) out.emit(found.frame)
      else this.#give(found, window, at, out)
      at = found.next
    }
    this.#discard = at - window.length
    return window.length
  }

  #give(found: Exclude<Found, FoundNotYet>, window: Buffer, at: number, out: Out): void {
    if (found.kind === 'filler') {
      if (found.noise) this.#addNoise(found, window, at, out)
      return
    }
    if (this.#noise > 0) this.#endNoise(out)
    if (found.kind === 'frame') out.emit(found.frame)
    else this.#refuse(found, window, at, out)
  }

  #refuse(found: FoundRefusal, window: Buffer, at: number, out: Out): void {
    const item = window.subarray(at, found.shown)
    if (!found.late || found.next <= window.length) out.fail(found.error, item)
    else this.#late = { error: found.error, item }
  }

  #await({ total, byte }: FoundNotYet, present: number): void {
    if (total <= present) throw new GatewayError('BUG', `the framing waits for ${total} bytes, ${present} are there`)
    if (total > this.#maxBytes) {
      throw new GatewayError('BUG', `the framing waits for ${total} bytes, its own limit is ${this.#maxBytes}`)
    }
    this.#total = total
    this.#byte = byte
  }

  /** Adds to what is held as much as the finder waits for and asks it again; returns the index behind what was used. */
  #goOn(chunk: Buffer, from: number, out: Out): number {
    const missing = this.#total - (this.#end - this.#start)
    let to = Math.min(chunk.length, from + missing)
    let enough = to - from === missing || this.#byte === anyByte
    if (this.#byte !== noByte && this.#byte !== anyByte) {
      const at = chunk.indexOf(this.#byte, from)
      if (at >= 0 && at < to) {
        to = at + 1
        enough = true
      }
    }
    const held = this.#append(chunk, from, to)
    if (!enough) return to
    const stopped = this.#findAll(held.subarray(0, this.#end), this.#start, out)
    const rest = this.#end - stopped
    if (rest === 0) {
      this.#held = undefined
    } else if (rest <= to - from && to < chunk.length) {
      // All of the rest lies in this chunk too, where it can be looked at without having been copied.
      this.#held = undefined
      return to - rest
    }
    this.#start = stopped
    return to
  }

  #hold(rest: Buffer): void {
    this.#held = Buffer.allocUnsafe(this.#roomFor(rest.length))
    this.#start = 0
    this.#end = rest.copy(this.#held)
  }

  #append(chunk: Buffer, from: number, to: number): Buffer {
    let held = this.#held as Buffer
    const wanted = this.#byte === noByte ? this.#start + this.#total : this.#end + to - from
    if (wanted > held.length) {
      const present = held.subarray(this.#start, this.#end)
      const room = this.#roomFor(present.length + to - from)
      // Where frames begin anew inside of what is held, or a header grows step by step, twice the room keeps it from being copied
      // every time.
      held = Buffer.allocUnsafe(this.#start > 0 ? 2 * room : Math.max(room, Math.min(2 * held.length, this.#maxBytes)))
      this.#held = held
      this.#start = 0
      this.#end = present.copy(held)
    }
    this.#end += chunk.copy(held, this.#end, from, to)
    return held
  }

  /**
   * How much room to make for `bytes` of what the finder waits for: all of it where that is known, so that it is copied once. Memory
   * that nothing is written to is not resident: a length that is only claimed costs addresses.
   */
  #roomFor(bytes: number): number {
    if (this.#byte === noByte || bytes > secondRoom) return Math.max(this.#total, firstRoom)
    return bytes > firstRoom ? secondRoom : firstRoom
  }

  #pass(chunk: Buffer, from: number, out: Out): number {
    const passed = Math.min(this.#discard, chunk.length - from)
    this.#discard -= passed
    if (this.#discard === 0 && this.#late !== undefined) this.#tellLate(out)
    return from + passed
  }

  #tellLate(out: Out): void {
    const late = this.#late as { error: GatewayError; item: Buffer }
    this.#late = undefined
    out.fail(late.error, late.item)
  }

  #addNoise({ next, why }: FoundFiller, window: Buffer, from: number, out: Out): void {
    this.#meter.noiseBytes += next - from
    for (let at = from; at < next; ) {
      const to = Math.min(next, at + mostNoise - this.#noise)
      const missing = shownNoise - this.#noise
      if (missing > 0) this.#noiseShown.push(Buffer.from(window.subarray(at, Math.min(to, at + missing))))
      this.#noise += to - at
      this.#noiseWhy ??= why
      at = to
      if (this.#noise === mostNoise) this.#endNoise(out)
    }
  }

  /** A run of noise ends at a frame, at a refused one, or with the stream: one error for all of it, however it was cut. */
  #endNoise(out: Out): void {
    if (this.#noise === 0) return
    const why = this.#noiseWhy
    const reason = why === undefined ? '' : `; they looked like a frame: ${why.message}`
    const message = `${this.#noise} bytes belong to no frame${reason}`
    out.fail(new GatewayError('FRAME_NOISE', message, { cause: why }), Buffer.concat(this.#noiseShown))
    this.#noise = 0
    this.#noiseShown = []
    this.#noiseWhy = undefined
  }
}
