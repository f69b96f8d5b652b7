// The global one is a getter, which the engine asks again for every line.
import { Buffer } from 'node:buffer'

/** Where the body of a reading comes from, which is its line as bytes. */
export interface Bodies {
  /** With `begin`, what stands behind a leading `$seq`: the comma there becomes the brace that opens the object. */
  of(line: string, begin: number | undefined): Buffer
}

const openBrace = 0x7b

/** A Buffer for each line. */
export const singleBodies: Bodies = {
  of(line, begin) {
    if (begin === undefined) return Buffer.from(line)
    const body = Buffer.from(line.slice(begin))
    body[0] = openBrace
    return body
  },
}

/** More is not made one Buffer: a body that waits for the hub alone would keep all of it in memory. */
const longestTogether = 32_768

/**
 * One Buffer for lines that came together, each body a part of it: making one for each costs a tenth of what a reading does. Undefined for lines
 * that are too long together, and where a character is not a byte.
 */
export function joinedBodies(lines: readonly string[]): JoinedBodies | undefined {
  const text = lines.join('')
  if (text.length > longestTogether || Buffer.byteLength(text) !== text.length) return undefined
  return new JoinedBodies(Buffer.from(text, 'latin1'))
}

/** The bodies of one line after the other. */
export class JoinedBodies implements Bodies {
  readonly #bytes: Buffer
  /** Where the line begins whose body is asked for. */
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  of(line: string, begin: number | undefined): Buffer {
    const body = this.#bytes.subarray(this.#at + (begin ?? 0), this.#at + line.length)
    if (begin !== undefined) body[0] = openBrace
    return body
  }

  /** Goes on behind a line. */
  next(line: string): void {
    this.#at += line.length
  }
}
