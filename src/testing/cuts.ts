/** A generator of numbers from 0 up to but not including 1 that repeats itself with its seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes cut into chunks at the given places, in any order. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

/** Every byte a chunk of its own. */
export function singly(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length }, (_, index) => bytes.subarray(index, index + 1))
}

/** Places at which bytes are cut one by one; of more than these, as many at either end. */
const everyPlace = 64

/** Options of {@link everyCut}. */
export interface CutOptions {
  /** Decides the random cuts; default 1. */
  readonly seed?: number
  /** How many random cuts; default 20. */
  readonly random?: number
}

/**
 * The ways to cut bytes that find what a deframer gets wrong: whole; byte by byte; in two at every place (of more than 128 bytes, the
 * first and the last 64 places); and at random, from a seed.
 */
export function* everyCut(bytes: Buffer, { seed = 1, random = 20 }: CutOptions = {}): Generator<Buffer[]> {
  yield [bytes]
  yield singly(bytes)
  for (let place = 1; place < bytes.length; place++) {
    if (place <= everyPlace || bytes.length - place <= everyPlace) yield cutAt(bytes, [place])
  }
  const next = seeded(seed)
  for (let count = 0; count < random; count++) {
    const places = Math.floor(next() * Math.min(bytes.length, 20)) + 1
    yield cutAt(
      bytes,
      Array.from({ length: places }, () => Math.floor(next() * (bytes.length + 1))),
    )
  }
}
