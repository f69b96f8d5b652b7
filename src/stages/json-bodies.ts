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
  // Asking a Buffer for a part of it asks for its memory first, which costs as much again.
  readonly #memory: ArrayBufferLike
  /** Where the line begins whose body is asked for. */
  #at: number

  constructor(bytes: Buffer) {
    this.#memory = bytes.buffer
    this.#at = bytes.byteOffset
  }

  of(line: string, begin: number | undefined): Buffer {
    const from = begin ?? 0
    const body = Buffer.from(this.#memory, this.#at + from, line.length - from)
    if (begin !== undefined) body[0] = openBrace
    return body
  }

  /** Goes on behind a line. */
  next(line: string): void {
    this.#at += line.length
  }
}
