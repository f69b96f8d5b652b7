import { isUtf8 } from 'node:buffer'
import { badFrame, maxDepth } from './payload-format.ts'

/** Longest big number in bytes (tags 2 and 3): the time to decode one grows with the square of its length. */
const longestNumber = 32

/** An array, a map or a tag that is not whole yet. */
interface Open {
  /** Items that it still lacks; Infinity until a break. */
  left: number
  items: number
  readonly map: boolean
}

/**
 * Looks whether a frame is one item of the CBOR that `cborPayload` takes, and nothing behind it, before a decoder sees it: every
 * length is that of bytes which are there, texts are UTF-8, nothing nests deeper than 64, tags are 0 to 3 and 55799, each in front
 * of what it marks. So neither records nor references nor code that decoders make of them can be reached. Linear, no recursion.
 * Returns how many members all its maps have. Throws `BAD_CONTENT`.
 */
export function scanCbor(bytes: Buffer): number {
  return new CborScan(bytes).scan()
}

class CborScan {
  readonly #bytes: Buffer
  readonly #open: Open[] = []
  #at = 0
  #members = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  scan(): number {
    do {
      if (this.#opens()) continue
      this.#close()
    } while (this.#open.length > 0)
    if (this.#at < this.#bytes.length) throw this.#bad('goes on')
    return this.#members
  }

  /** Passes one head, and the bytes of a string; true where the item is not whole by that. */
  #opens(): boolean {
    const head = this.#byte()
    if (head === 0xff) return this.#break()
    const major = head >> 5
    const info = head & 31
    if (major === 7) return this.#simple(info)
    if (info === 31 && (major === 4 || major === 5)) return this.#push(Number.POSITIVE_INFINITY, major === 5)
    if (info > 27) throw this.#bad('has a length of a kind that is not supported')
    const argument = this.#argument(info)
    switch (major) {
      case 2:
      case 3:
        this.#string(argument, major === 3)
        return false
      case 4:
        return this.#push(argument, false)
      case 5:
        this.#members += argument
        return this.#push(2 * argument, true)
      case 6:
        if (!this.#fits(argument)) throw this.#bad('has a tag that is not supported there')
        return this.#push(1, false)
      default:
        return false
    }
  }

  /** An item is whole, and perhaps what holds it. */
  #close(): void {
    for (let top = this.#open.at(-1); top !== undefined; top = this.#open.at(-1)) {
      top.items++
      if (--top.left > 0) return
      this.#open.pop()
    }
  }

  #break(): false {
    const top = this.#open.pop()
    if (top === undefined || top.left !== Number.POSITIVE_INFINITY || (top.map && top.items % 2 === 1)) {
      throw this.#bad('has a break where nothing can end')
    }
    if (top.map) this.#members += top.items / 2
    return false
  }

  #push(left: number, map: boolean): boolean {
    if (left === 0) return false
    if (this.#open.length === maxDepth) throw this.#bad(`nests deeper than ${maxDepth}`)
    this.#open.push({ left, map, items: 0 })
    return true
  }

  /** Whether a tag marks what follows it. */
  #fits(tag: number): boolean {
    const head = this.#bytes[this.#at] ?? 0
    if (tag === 0) return head >> 5 === 3
    if (tag === 1) return head >> 5 < 2 || (head >= 0xf9 && head <= 0xfb)
    if (tag === 2 || tag === 3) {
      const length = head === 0x58 ? (this.#bytes[this.#at + 1] ?? 0) : head - 0x40
      return (head >> 5 === 2 || head === 0x58) && length <= longestNumber
    }
    return tag === 55799
  }

  /** false, true, null, undefined and floats; all other simple values mean nothing yet. */
  #simple(info: number): false {
    if (info < 20 || info === 24 || info > 27) throw this.#bad('has a simple value that means nothing')
    if (info > 24) this.#pass(1 << (info - 24))
    return false
  }

  #string(length: number, text: boolean): void {
    const from = this.#at
    this.#pass(length)
    if (text && !isUtf8(this.#bytes.subarray(from, this.#at))) throw this.#bad('has a text that is not UTF-8')
  }

  #argument(info: number): number {
    if (info < 24) return info
    const size = 1 << (info - 24)
    const at = this.#at
    this.#pass(size)
    if (size < 8) return this.#bytes.readUIntBE(at, size)
    return this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4)
  }

  #byte(): number {
    this.#pass(1)
    return this.#bytes[this.#at - 1] as number
  }

  #pass(length: number): void {
    if (length > this.#bytes.length - this.#at) throw this.#bad('ends too early')
    this.#at += length
  }

  #bad(fault: string) {
    return badFrame(this.#bytes.length, `is not one item of CBOR: it ${fault} at byte ${this.#at}`)
  }
}
