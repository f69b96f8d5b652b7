import { isUtf8 } from 'node:buffer'
import { badFrame, maxDepth } from './payload-format.ts'

/** Bytes behind the heads CA to D3, by head: floats and integers. */
const numberBytes = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

/**
 * Looks whether a frame is one MessagePack value, and nothing behind it, before a decoder sees it: every length is that of
 * bytes which are there, texts are UTF-8, nothing nests deeper than 64, the only extension is the timestamp (type -1). So neither
 * records nor references nor code that decoders make of them can be reached. Linear, no recursion. Returns how many members all
 * its maps have. Throws `BAD_CONTENT`.
 */
export function scanMsgpack(bytes: Buffer): number {
  return new MsgpackScan(bytes).scan()
}

class MsgpackScan {
  readonly #bytes: Buffer
  /** Values that each list or map which is not whole still lacks. */
  readonly #open: number[] = []
  #at = 0
  #members = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  scan(): number {
    do {
      const inside = this.#value()
      if (inside > 0) {
        if (this.#open.length === maxDepth) throw this.#bad(`nests deeper than ${maxDepth}`)
        this.#open.push(inside)
      } else {
        this.#close()
      }
    } while (this.#open.length > 0)
    if (this.#at < this.#bytes.length) throw this.#bad('goes on')
    return this.#members
  }

  #close(): void {
    for (let top = this.#open.length - 1; top >= 0; top--) {
      const left = (this.#open[top] as number) - 1
      this.#open[top] = left
      if (left > 0) return
      this.#open.pop()
    }
  }

  /** Passes a value, of a list or map the head; returns how many values are in that. */
  #value(): number {
    const head = this.#uint(1)
    if (head < 0x80 || head >= 0xe0) return 0
    if (head < 0x90) return this.#map(head & 15)
    if (head < 0xa0) return head & 15
    if (head < 0xc0) return this.#text(head & 31)
    if (head === 0xc1) throw this.#bad('has a byte that begins nothing')
    if (head < 0xc4) return 0
    if (head < 0xc7) return this.#pass(this.#uint(1 << (head - 0xc4)))
    if (head < 0xca) return this.#extension(this.#uint(1 << (head - 0xc7)))
    if (head < 0xd4) return this.#pass(numberBytes[head - 0xca] as number)
    if (head < 0xd9) return this.#extension(1 << (head - 0xd4))
    if (head < 0xdc) return this.#text(this.#uint(1 << (head - 0xd9)))
    const size = head & 1 ? 4 : 2
    return head < 0xde ? this.#uint(size) : this.#map(this.#uint(size))
  }

  #map(members: number): number {
    this.#members += members
    return 2 * members
  }

  #extension(length: number): 0 {
    const type = this.#uint(1)
    if (type !== 0xff || (length !== 4 && length !== 8 && length !== 12)) {
      throw this.#bad('has an extension that is not a timestamp')
    }
    return this.#pass(length)
  }

  #text(length: number): 0 {
    const from = this.#at
    this.#pass(length)
    if (!isUtf8(this.#bytes.subarray(from, this.#at))) throw this.#bad('has a text that is not UTF-8')
    return 0
  }

  #uint(size: number): number {
    this.#pass(size)
    return this.#bytes.readUIntBE(this.#at - size, size)
  }

  #pass(length: number): 0 {
    if (length > this.#bytes.length - this.#at) throw this.#bad('ends too early')
    this.#at += length
    return 0
  }

  #bad(fault: string) {
    return badFrame(this.#bytes.length, `is not one MessagePack value: it ${fault} at byte ${this.#at}`)
  }
}
