import { isUtf8 } from 'node:buffer'
import split2 from 'split2'
import { GatewayError } from '../core/errors.ts'
import type { Bytes, Lines } from '../core/levels.ts'
import { type EndingStep, type Outlet, type Stage, stage } from '../core/stage.ts'

/** Options of {@link lines}. */
export interface LinesOptions {
  /** Longest line in bytes, terminator not counted; default 8192. */
  readonly maxLength?: number
}

const newline = 0x0a
const carriageReturn = 0x0d

/** A chunk that is kept costs some 400 bytes beside its own: more than this are joined. */
const maxPieces = 256

/**
 * Lines of UTF-8 text, ended by `\n` or `\r\n`; sent down with `\n`.
 *
 * ```
 * up:   7B 7D 0D 0A 7B …  →  "{}", …        down:  "{}"  →  7B 7D 0A
 * ```
 * Errors: `FRAME_TOO_LONG` for a line over `maxLength` (it is skipped to its end if the policy goes on), `BAD_CONTENT` for a
 * line that is not UTF-8, `FRAME_UNTERMINATED` for what the device left unfinished: never passed on, since half a number
 * looks like a whole one.
 */
export function lines(options: LinesOptions = {}): Stage<Bytes, Lines> {
  const maxLength = options.maxLength ?? 8192
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new GatewayError('CONFIGURATION', `lines: maxLength must be a positive integer, not ${maxLength}`)
  }
  return stage<Bytes, Lines>('lines', () => {
    return {
      up: new LineSplitter(maxLength),
      down(line, out) {
        if (/\n|\r$/.test(line)) throw new GatewayError('BUG', 'a line to be sent contains a line break')
        out.emit(Buffer.from(`${line}\n`))
      },
    }
  })
}

/** split2 driven synchronously: its mapper collects the lines of a chunk, so that it needs no readable side of its own. */
class LineSplitter implements EndingStep<Buffer, string, Buffer> {
  readonly #maxLength: number
  readonly #split: SplitState
  #found: string[] = []
  /** The raw bytes of the line that is not finished yet: split2 decodes them, and only bytes show what was not UTF-8. */
  #tail: Buffer[] = []
  #tailBytes = 0

  constructor(maxLength: number) {
    this.#maxLength = maxLength
    const collect = (line: string) => {
      this.#found.push(line)
    }
    // One more, for a \r whose \n is still to come. The types of split2 do not know skipOverflow yet.
    const options = { maxLength: maxLength + 1, skipOverflow: true }
    this.#split = split2(/\r?\n/, collect, options) as unknown as SplitState
  }

  push(chunk: Buffer, out: Outlet<string, Buffer>): void {
    const skipping = this.#split.overflow
    this.#split.write(chunk)
    const found = this.#found
    this.#found = []
    const suspect = found.length > 0 && !(isUtf8(chunk) && this.#tail.every(isUtf8))
    const raw = suspect ? this.#rawLines(chunk) : undefined
    // While split2 skips the rest of a long line, the first line break ends that line and gives none.
    if (raw !== undefined && skipping) raw.shift()
    this.#keepTail(chunk)
    for (let index = 0; index < found.length; index++) this.#give(found[index] as string, raw?.[index], out)
    // A chunk may end one long line and begin another.
    if (this.#split.overflow && (!skipping || chunk.includes(newline))) this.#refuseTail(out)
    if (this.#split.overflow) this.#dropTail()
  }

  end(out: Outlet<string, Buffer>): void {
    if (this.#tailBytes === 0) return
    const message = `the connection ended ${this.#tailBytes} bytes into a line`
    out.fail(new GatewayError('FRAME_UNTERMINATED', message), Buffer.concat(this.#tail))
    this.#dropTail()
  }

  #give(line: string, raw: Buffer | undefined, out: Outlet<string, Buffer>): void {
    // A UTF-16 unit is at most 3 bytes of UTF-8, so most lines need no counting.
    const bytes = raw?.length ?? (line.length * 3 > this.#maxLength ? Buffer.byteLength(line) : 0)
    if (bytes > this.#maxLength) {
      out.fail(this.#tooLong(`${bytes}`), raw ?? line)
    } else if (raw !== undefined && !isUtf8(raw)) {
      out.fail(new GatewayError('BAD_CONTENT', `a line of ${raw.length} bytes is not UTF-8`), raw)
    } else {
      out.emit(line)
    }
  }

  #refuseTail(out: Outlet<string, Buffer>): void {
    out.fail(this.#tooLong(`at least ${this.#tailBytes}`), Buffer.concat(this.#tail))
  }

  #tooLong(bytes: string): GatewayError {
    return new GatewayError('FRAME_TOO_LONG', `a line of ${bytes} bytes exceeds the limit of ${this.#maxLength}`)
  }

  #rawLines(chunk: Buffer): Buffer[] {
    const bytes = Buffer.concat([...this.#tail, chunk])
    const raw: Buffer[] = []
    let from = 0
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      raw.push(bytes.subarray(from, at > from && bytes[at - 1] === carriageReturn ? at - 1 : at))
      from = at + 1
    }
    return raw
  }

  #keepTail(chunk: Buffer): void {
    const last = chunk.lastIndexOf(newline)
    if (last >= 0) this.#dropTail()
    const rest = last < 0 ? chunk : chunk.subarray(last + 1)
    if (rest.length === 0) return
    if (this.#tail.push(rest) > maxPieces) this.#tail = [Buffer.concat(this.#tail)]
    this.#tailBytes += rest.length
  }

  #dropTail(): void {
    this.#tail = []
    this.#tailBytes = 0
  }
}

/** The part of split2's stream that is used here; `overflow` is true while it skips the rest of a line over maxLength. */
interface SplitState {
  write(chunk: Buffer): boolean
  readonly overflow: boolean
}
