import { type FileHandle, open, rename } from 'node:fs/promises'
import type { LostLetters } from './dead-letter-sink.ts'

/** Limits of {@link RotatedFile}. */
export interface RotationLimits {
  /** A file grows to this size, unless a single line is longer. */
  readonly maxBytes: number
  /** Older files kept, as `path.1`, the newest, to `path.N`. */
  readonly keep: number
}

/**
 * Lines appended to a file that is renamed when it is full. Opened for each append, so that it may be moved, deleted or rotated by others
 * between two, and so that a full disk needs no repair: what is appended once there is room again is kept. (A library's stream is ended
 * by its first failed write.)
 */
export class RotatedFile {
  readonly #path: string
  readonly #limits: RotationLimits

  constructor(path: string, limits: RotationLimits) {
    this.#path = path
    this.#limits = limits
  }

  /** Appends whole lines, each with its `\n`. Never rejects: says which of the last could not be written, and why. */
  async append(lines: readonly Buffer[]): Promise<LostLetters | undefined> {
    let written = 0
    try {
      while (written < lines.length) written += await this.#appendSome(lines.slice(written))
      return undefined
    } catch (thrown) {
      if (!(thrown instanceof CutWrite)) return { count: lines.length - written, error: thrown as Error }
      return { count: lines.length - written - thrown.lines, error: thrown.reason }
    }
  }

  /** Appends what the file has room for, in a new one if it has none; gives how many lines that were. */
  async #appendSome(lines: readonly Buffer[]): Promise<number> {
    const file = await open(this.#path, 'a+', 0o600)
    try {
      const { size } = await file.stat()
      const start = (await endsOpen(file, size)) ? [lineBreak] : []
      let bytes = size + start.length
      let count = 0
      for (const line of lines) {
        if (bytes + line.length > this.#limits.maxBytes && bytes > 0) break
        bytes += line.length
        count++
      }
      if (count > 0) {
        await writeLines(file, start, lines.slice(0, count))
        return count
      }
    } finally {
      await file.close()
    }
    await this.#rotate()
    return 0
  }

  async #rotate(): Promise<void> {
    for (let number = this.#limits.keep - 1; number >= 0; number--) {
      const from = number === 0 ? this.#path : `${this.#path}.${number}`
      await rename(from, `${this.#path}.${number + 1}`).catch((error: NodeJS.ErrnoException) => {
        // There are not yet so many.
        if (error.code !== 'ENOENT') throw error
      })
    }
  }
}

const lineBreak = Buffer.from('\n')

/** True where the last line was cut short, by a crash or a full disk. */
async function endsOpen(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && !buffer.equals(lineBreak)
}

/** A write that ended in the middle. */
class CutWrite extends Error {
  /** How many whole lines were written before. */
  readonly lines: number
  readonly reason: Error

  constructor(lines: number, reason: Error) {
    super(reason.message)
    this.lines = lines
    this.reason = reason
  }
}

async function writeLines(file: FileHandle, start: readonly Buffer[], lines: readonly Buffer[]): Promise<void> {
  const all = Buffer.concat([...start, ...lines])
  let written = 0
  try {
    while (written < all.length) written += (await file.write(all, written)).bytesWritten
  } catch (thrown) {
    let whole = 0
    let end = start.length
    for (const line of lines) {
      end += line.length
      if (end > written) break
      whole++
    }
    throw new CutWrite(whole, thrown as Error)
  }
}
