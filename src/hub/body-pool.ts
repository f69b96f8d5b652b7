/** Smaller bodies cost less than keeping them does. */
const smallestBytes = 4096
/** Blocks are whole multiples of this, so that bodies of nearly the same size use the same ones. */
const stepBytes = 8192
/** What is kept while nobody needs it. */
const mostKeptBytes = 4 * 1_048_576

/**
 * Memory for the bodies of requests, used again when a request is over: of a large body most of the cost is memory that was never touched
 * before, and the collection that so much of it brings about. One for all sessions of a hub; it keeps 4 MiB at most.
 */
export class BodyPool {
  /** Free blocks by their size in bytes; what was used last is warmest, and goes first. */
  readonly #free = new Map<number, ArrayBufferLike[]>()
  /** Those that are out. One that is never given back is the collector's. */
  readonly #taken = new WeakSet<ArrayBufferLike>()
  #keptBytes = 0

  /** Bytes of the free blocks. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** A body of so many bytes with anything in them. */
  take(bytes: number): Buffer {
    if (bytes < smallestBytes) return Buffer.allocUnsafeSlow(bytes)
    const size = Math.ceil(bytes / stepBytes) * stepBytes
    let block = this.#free.get(size)?.pop()
    if (block === undefined) block = Buffer.allocUnsafeSlow(size).buffer
    else this.#keptBytes -= size
    this.#taken.add(block)
    return Buffer.from(block, 0, bytes)
  }

  /**
   * Takes back a body that was taken here; of any other it does nothing. Only of no request at all, or of one that the hub has answered as it should: of another
   * the body may still be waiting to be written, and would be written with another's bytes.
   */
  giveBack(body: Buffer): void {
    const block = body.buffer
    if (!this.#taken.delete(block)) return
    const size = block.byteLength
    // Of sizes that nobody asks for any more, which would leave no room for others.
    if (this.#keptBytes + size > mostKeptBytes) {
      this.#free.clear()
      this.#keptBytes = 0
    }
    this.#keptBytes += size
    const alike = this.#free.get(size)
    if (alike === undefined) this.#free.set(size, [block])
    else alike.push(block)
  }
}
