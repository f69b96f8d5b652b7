import { GatewayError } from '../core/errors.ts'
import type { Bytes, Frames } from '../core/levels.ts'
import { type EndingStep, type Outlet, type Stage, stage } from '../core/stage.ts'

/** Options of {@link delimited}. */
export interface DelimitedOptions {
  /** What ends a frame: one byte or more; a string stands for its UTF-8. */
  readonly delimiter: Buffer | string
  /** Longest frame in bytes, delimiter not counted; at least 1. */
  readonly maxLength: number
}

/**
 * Binary frames that end in a delimiter, which is taken off on the way up and put back on the way down.
 *
 * ```
 * delimiter 0D 0A     up:   01 0A 02 0D 0A 03 …  →  01 0A 02 | 03 …     down:  01 0A 02  →  01 0A 02 0D 0A
 * ```
 * A byte is looked at once however the chunks are cut, and copied at most once: a frame within one chunk is a view of it.
 *
 * Errors: `FRAME_TOO_LONG` for a frame over `maxLength` (it is skipped to its delimiter if the policy goes on),
 * `FRAME_UNTERMINATED` for what the device left unfinished, never passed on. Down, `BUG` for a frame in which a device would
 * find a delimiter before its end. `CONFIGURATION` for an empty delimiter or a `maxLength` that is not a positive integer.
 */
export function delimited(options: DelimitedOptions): Stage<Bytes, Frames> {
  const { maxLength } = options
  const delimiter = Buffer.from(options.delimiter)
  if (delimiter.length === 0) throw new GatewayError('CONFIGURATION', 'delimited: delimiter must not be empty')
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `delimited: maxLength must be a positive integer, not ${maxLength}`)
  }
  const pattern: Pattern = { bytes: delimiter, borders: bordersOf(delimiter) }
  return stage<Bytes, Frames>('delimited', () => ({
    up: new DelimiterSplitter(pattern, maxLength),
    down(frame, out) {
      const framed = Buffer.concat([frame, delimiter])
      // Looked for in both together: the end of the frame and the first bytes of the delimiter can make one as well.
      if (framed.indexOf(delimiter) !== frame.length) {
        throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent contains the delimiter`)
      }
      out.emit(framed)
    },
  }))
}

/** A delimiter and, for each prefix of it, how long a shorter prefix ends it as well: the table of Knuth, Morris and Pratt. */
interface Pattern {
  readonly bytes: Buffer
  readonly borders: readonly number[]
}

function bordersOf(bytes: Buffer): number[] {
  const borders = [0]
  let border = 0
  for (const byte of bytes.subarray(1)) {
    while (border > 0 && byte !== bytes[border]) border = borders[border - 1] as number
    if (byte === bytes[border]) border++
    borders.push(border)
  }
  return borders
}

/** A chunk that is kept costs some 400 bytes beside its own: a frame in more pieces than this is put together as it comes. */
const maxPieces = 256

class DelimiterSplitter implements EndingStep<Buffer, Buffer, Buffer> {
  readonly #pattern: Pattern
  readonly #maxLength: number
  /** How many bytes of the delimiter the input so far ends with: all that must be remembered of what was scanned. */
  #matched = 0
  /** Views of the chunks that the unfinished frame came in. */
  #pieces: Buffer[] = []
  /** The unfinished frame itself, with room for the longest one, where it came in very many pieces. */
  #gathered: Buffer | undefined
  #heldBytes = 0
  /** A frame was refused before its end came. */
  #skipping = false

  constructor(pattern: Pattern, maxLength: number) {
    this.#pattern = pattern
    this.#maxLength = maxLength
  }

  push(chunk: Buffer, out: Outlet<Buffer, Buffer>): void {
    let from = 0
    for (let end = this.#find(chunk, 0); end >= 0; end = this.#find(chunk, end)) {
      if (this.#skipping) this.#skipping = false
      else this.#give(chunk.subarray(from, end), out)
      from = end
    }
    if (!this.#skipping && from < chunk.length) this.#keep(chunk.subarray(from), out)
  }

  end(out: Outlet<Buffer, Buffer>): void {
    if (this.#heldBytes === 0) return
    const message = `the connection ended ${this.#heldBytes} bytes into a frame`
    out.fail(new GatewayError('FRAME_UNTERMINATED', message), this.#join(this.#heldBytes))
  }

  /** The index behind the next delimiter that ends in this chunk, or -1. */
  #find(chunk: Buffer, from: number): number {
    const { bytes, borders } = this.#pattern
    const first = bytes[0] as number
    let matched = this.#matched
    let at = from
    while (at < chunk.length && matched < bytes.length) {
      if (matched === 0) {
        at = chunk.indexOf(first, at)
        if (at < 0) break
      }
      const byte = chunk[at++]
      while (matched > 0 && byte !== bytes[matched]) matched = borders[matched - 1] as number
      if (byte === bytes[matched]) matched++
    }
    const found = matched === bytes.length
    this.#matched = found ? 0 : matched
    return found ? at : -1
  }

  /** `last` ends with the end of the delimiter, whose beginning may lie in the pieces before it. */
  #give(last: Buffer, out: Outlet<Buffer, Buffer>): void {
    this.#hold(last)
    const length = this.#heldBytes - this.#pattern.bytes.length
    const frame = this.#join(length)
    if (length > this.#maxLength) out.fail(this.#tooLong(`${length}`), frame)
    else out.emit(frame)
  }

  #keep(rest: Buffer, out: Outlet<Buffer, Buffer>): void {
    this.#hold(rest)
    // What may turn out to be the delimiter does not count yet.
    const certain = this.#heldBytes - this.#matched
    if (certain <= this.#maxLength) return
    this.#skipping = true
    out.fail(this.#tooLong(`at least ${certain}`), this.#join(this.#heldBytes))
  }

  #hold(piece: Buffer): void {
    if (this.#gathered !== undefined) {
      piece.copy(this.#gathered, this.#heldBytes)
    } else if (this.#pieces.push(piece) > maxPieces) {
      this.#gathered = Buffer.allocUnsafeSlow(this.#maxLength + this.#pattern.bytes.length)
      let at = 0
      for (const each of this.#pieces) at += each.copy(this.#gathered, at)
      this.#pieces = []
    }
    this.#heldBytes += piece.length
  }

  /** The first `length` bytes of what is held, which is held no longer. */
  #join(length: number): Buffer {
    const pieces = this.#pieces
    const gathered = this.#gathered
    this.#pieces = []
    this.#gathered = undefined
    this.#heldBytes = 0
    if (gathered !== undefined) return gathered.subarray(0, length)
    return pieces.length === 1 ? (pieces[0] as Buffer).subarray(0, length) : Buffer.concat(pieces, length)
  }

  #tooLong(bytes: string): GatewayError {
    return new GatewayError('FRAME_TOO_LONG', `a frame of ${bytes} bytes exceeds the limit of ${this.#maxLength}`)
  }
}
