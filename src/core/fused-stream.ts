import type { Transform } from 'node:stream'
import through2 from 'through2'
import { type ActivePart, ActiveSlot } from './active-slot.ts'
import { GatewayError } from './errors.ts'
import { Run, type RunExit, type RunPart, sliceBytes } from './run.ts'

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
export class FusedStream implements RunExit {
  gone = false
  readonly givesBytes: boolean
  readonly stream: FusedTransform
  readonly parts: readonly (Run | ActiveSlot)[] = []
  readonly #most: number
  #room: (() => void)[] | undefined

  constructor(parts: readonly (RunPart | ActivePart)[], options: FusedStreamOptions) {
    const { bytesIn, bytesOut, maxWaiting = waitingItems } = options
    this.givesBytes = bytesOut
    this.#most = bytesOut ? sliceBytes : readableItems
    this.stream = through2(
      {
        writableObjectMode: !bytesIn,
        readableObjectMode: !bytesOut,
        writableHighWaterMark: bytesIn ? sliceBytes : maxWaiting,
        readableHighWaterMark: this.#most,
      },
      bytesIn ? transformBytes : transform,
      flush,
    ) as unknown as FusedTransform
    this.stream.fused = this
    this.stream._read = read
    this.stream._destroy = destroy
    this.parts = this.#link(parts)
    this.stream.first = this.parts[0] as Run | ActiveSlot
    // One of them failed as it was started.
    if (this.gone) this.#closeParts()
  }

  take(item: unknown): undefined {
    this.stream.push(item)
  }

  takeBytes(buffers: readonly Buffer[]): void {
    try {
      this.stream.push(buffers.length === 1 ? buffers[0] : Buffer.concat(buffers))
    } catch (thrown) {
      // A step that gives the device what are no bytes.
      this.fail(GatewayError.from(thrown))
    }
  }

  room(): Promise<void> | undefined {
    if (this.gone || this.stream.readableLength < this.#most) return undefined
    return new Promise((resolve) => {
      this.#room ??= []
      this.#room.push(resolve)
    })
  }

  /** From an active half that is the last: it waits for room. */
  receive(item: unknown): Promise<void> | undefined {
    this.stream.push(item)
    return this.room()
  }

  /** Ends the connection. */
  fail(error: GatewayError): void {
    this.stream.destroy(error)
  }

  /** Runs and active halves are joined from the last to the first: each knows what takes what it gives. */
  #link(parts: readonly (RunPart | ActivePart)[]): (Run | ActiveSlot)[] {
    const linked = new Array<Run | ActiveSlot>(parts.length)
    let next: FusedStream | Run | ActiveSlot = this
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index] as RunPart | ActivePart
      // Two runs never neighbour: they would be one.
      if ('half' in part) next = new ActiveSlot(part, next, this)
      else next = new Run(part, next as FusedStream | ActiveSlot)
      linked[index] = next
    }
    return linked
  }

  /** Called by its stream: all that was written is in. */
  async finish(): Promise<void> {
    for (const part of this.parts) await part.finish()
  }

  /** Called by its stream: there is room again. */
  release(): void {
    const waiting = this.#room
    if (waiting === undefined) return
    this.#room = undefined
    for (const resolve of waiting) resolve()
  }

  /** Called by its stream as it is destroyed. Returns what a part threw first. */
  close(): Error | undefined {
    this.gone = true
    this.release()
    return this.#closeParts()
  }

  /** Every part, whatever another throws: behind it may be a hub session. Returns what was thrown first. */
  #closeParts(): Error | undefined {
    let first: Error | undefined
    for (const part of this.parts) {
      try {
        part.close()
      } catch (thrown) {
        first ??= GatewayError.from(thrown)
      }
    }
    return first
  }
}

/** The through2 of a fused stream. What it does is the same for all, which are as many as connections, and each finds its own by this. */
interface FusedTransform extends Transform {
  fused: FusedStream
  /** Takes what is written. At hand, since of many connections every step to it is one into memory that is cold. */
  first: Run | ActiveSlot
}

type Done = (error?: Error | null) => void

// What a through2 does by itself, which goes on after what is said here.
const { _read: readOfTransform, _destroy: destroyOfTransform } = through2() as unknown as Transform

function transformBytes(this: unknown, bytes: Buffer, _encoding: unknown, done: Done): void {
  const { first } = this as FusedTransform
  settle(first instanceof Run ? first.takeBytes(bytes) : first.take(bytes), done)
}

function transform(this: unknown, item: unknown, _encoding: unknown, done: Done): void {
  settle((this as FusedTransform).first.take(item), done)
}

function flush(this: unknown, done: Done): void {
  settle((this as FusedTransform).fused.finish(), done)
}

function read(this: FusedTransform, size: number): void {
  this.fused.release()
  readOfTransform.call(this, size)
}

function destroy(this: FusedTransform, error: Error | null, done: Done): void {
  const thrown = this.fused.close()
  destroyOfTransform.call(this, error ?? thrown ?? null, done)
}

function settle(pending: Promise<void> | undefined, done: (error?: Error | null) => void): void {
  if (pending === undefined) done()
  else pending.then(() => done(), done)
}
