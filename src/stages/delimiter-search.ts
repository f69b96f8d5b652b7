import { isAt } from './marks.ts'

/** Looks for delimiters; for the framings that have them. */
export interface DelimiterSearch {
  /** Bytes of the longest. */
  readonly longest: number
  /** The byte that all of them end in: nothing need be looked at before it comes; -1 where there is none. */
  readonly lastByte: number
  /** The index behind the delimiter that ends first among those that begin at `from` or behind and end behind `searched`; else -1. */
  endIn(bytes: Buffer, from: number, searched: number): number
  /** Bytes of the longest delimiter that ends at `end` and does not begin before `from`. */
  lengthAt(bytes: Buffer, from: number, end: number): number
  /** How many bytes at the end of `bytes` begin a delimiter. */
  begunIn(bytes: Buffer): number
}

/** A search for one or more delimiters, none of them empty. */
export function delimiterSearch(delimiters: readonly Buffer[]): DelimiterSearch {
  const [only] = delimiters as [Buffer]
  return delimiters.length === 1 ? new OneDelimiter(only) : new SeveralDelimiters(delimiters)
}

class OneDelimiter implements DelimiterSearch {
  readonly longest: number
  readonly lastByte: number
  readonly #delimiter: Buffer
  /** A single byte is found much faster as a number. */
  readonly #sought: Buffer | number

  constructor(delimiter: Buffer) {
    this.longest = delimiter.length
    this.lastByte = delimiter[delimiter.length - 1] as number
    this.#delimiter = delimiter
    this.#sought = delimiter.length === 1 ? this.lastByte : delimiter
  }

  endIn(bytes: Buffer, from: number, searched: number): number {
    const at = bytes.indexOf(this.#sought, Math.max(from, searched - this.longest + 1))
    return at < 0 ? -1 : at + this.longest
  }

  lengthAt(): number {
    return this.longest
  }

  begunIn(bytes: Buffer): number {
    return begunAtEnd(bytes, [this.#delimiter], this.longest)
  }
}

class SeveralDelimiters implements DelimiterSearch {
  readonly longest: number
  readonly lastByte: number
  readonly #longestFirst: readonly Buffer[]
  /** 1 for every byte that is the last of a delimiter. */
  readonly #isLast = new Uint8Array(256)

  constructor(delimiters: readonly Buffer[]) {
    this.#longestFirst = [...delimiters].sort((a, b) => b.length - a.length)
    this.longest = (this.#longestFirst[0] as Buffer).length
    const lastBytes = new Set(delimiters.map((each) => each[each.length - 1] as number))
    for (const byte of lastBytes) this.#isLast[byte] = 1
    const [only = -1] = lastBytes
    this.lastByte = lastBytes.size === 1 ? only : -1
  }

  endIn(bytes: Buffer, from: number, searched: number): number {
    for (let at = Math.max(from, searched); at < bytes.length; at++) {
      if (this.#isLast[bytes[at] as number] === 1 && this.lengthAt(bytes, from, at + 1) > 0) return at + 1
    }
    return -1
  }

  lengthAt(bytes: Buffer, from: number, end: number): number {
    const ending = this.#longestFirst.find((each) => end - each.length >= from && isAt(bytes, end - each.length, each))
    return ending === undefined ? 0 : ending.length
  }

  begunIn(bytes: Buffer): number {
    return begunAtEnd(bytes, this.#longestFirst, this.longest)
  }
}

function begunAtEnd(bytes: Buffer, delimiters: readonly Buffer[], longest: number): number {
  for (let length = Math.min(longest - 1, bytes.length); length > 0; length--) {
    const end = bytes.subarray(bytes.length - length)
    if (delimiters.some((each) => each.length > length && isAt(each, 0, end))) return length
  }
  return 0
}
