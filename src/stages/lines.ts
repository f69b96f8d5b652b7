import { isUtf8 } from 'node:buffer'
import split2 from 'split2'
import { GatewayError } from '../core/errors.ts'
import type { Bytes, Lines } from '../core/levels.ts'
import { type EndingStep, type Outlet, type Stage, stage, type TurnStep } from '../core/stage.ts'

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
  const split = lineSplit()
  return stage<Bytes, Lines>('lines', () => ({ up: new LineSplitter(maxLength, split), down: endLines }))
}

/** Ends lines on their way to the device; those of one turn become one buffer. */
const endLines: TurnStep<string, Buffer, string> = {
  push(line, out) {
    if (isBroken(line)) throw new GatewayError('BUG', 'a line to be sent contains a line break')
    out.emit(Buffer.from(`${line}\n`))
  },
  pushAll(lines, out) {
    const together = Buffer.from(`${lines.join('\n')}\n`)
    if (lineCount(together) !== lines.length) return 0
    out.emit(together)
    return lines.length
  },
}

/** How many lines bytes are, each ended by one `\n`; -1 where a line ends with `\r`. Asking each line before they are joined costs twice. */
function lineCount(bytes: Buffer): number {
  let count = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== newline) continue
    if (bytes[at - 1] === carriageReturn) return -1
    count++
  }
  return count
}

function isBroken(line: string): boolean {
  return line.includes('\n') || line.endsWith('\r')
}

/** Cuts bytes that are whole lines. */
type LineSplit = (bytes: Buffer) => string[]

/**
 * split2 driven synchronously: its mapper collects the lines of what is written, so that it needs no readable side of its own. It is
 * given whole lines only, since it would scan an unfinished one again at every read; so it keeps nothing from one write to the
 * next, and all connections share it.
 */
function lineSplit(): LineSplit {
  let found: string[] = []
  const split = split2('\n', (line: string) => {
    found.push(line.endsWith('\r') ? line.slice(0, -1) : line)
  })
  return (bytes) => {
    split.write(bytes)
    const lines = found
    found = []
    return lines
  }
}

class LineSplitter implements EndingStep<Buffer, string, Buffer> {
  readonly #maxLength: number
  readonly #split: LineSplit
  /** The bytes of the line that is not finished yet, and how many. */
  #tail: Buffer[] | undefined
  #tailBytes = 0
  /** True while the rest of a line over the limit is thrown away. */
  #skipping = false

  constructor(maxLength: number, split: LineSplit) {
    this.#maxLength = maxLength
    this.#split = split
  }

  push(chunk: Buffer, out: Outlet<string, Buffer>): void {
    const first = chunk.indexOf(newline)
    if (first < 0) {
      this.#keep(chunk, out)
      return
    }
    let from = this.#skipping ? first + 1 : 0
    this.#skipping = false
    if (this.#tail !== undefined) {
      // Alone: put together with the lines behind it, all of them would be copied.
      this.#giveLine(Buffer.concat([...this.#tail, chunk.subarray(0, first + 1)]), out)
      this.#dropTail()
      from = first + 1
    }
    const end = chunk.lastIndexOf(newline) + 1
    const whole = from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end)
    if (first === end - 1) this.#giveLine(whole, out)
    else this.#giveLines(whole, out)
    if (end < chunk.length) this.#keep(chunk.subarray(end), out)
  }

  end(out: Outlet<string, Buffer>): void {
    if (this.#tail === undefined) return
    const message = `the connection ended ${this.#tailBytes} bytes into a line`
    out.fail(new GatewayError('FRAME_UNTERMINATED', message), Buffer.concat(this.#tail))
    this.#dropTail()
  }

  /** `bytes` are one line with its terminator, or none: of what devices say one at a time, split2 would be more than half the cost. */
  #giveLine(bytes: Buffer, out: Outlet<string, Buffer>): void {
    if (bytes.length === 0) return
    const end = bytes.length - (bytes[bytes.length - 2] === carriageReturn ? 2 : 1)
    this.#give(bytes.toString('utf8', 0, end), isUtf8(bytes) ? undefined : bytes.subarray(0, end), out)
  }

  /** `bytes` are lines with their terminators. */
  #giveLines(bytes: Buffer, out: Outlet<string, Buffer>): void {
    if (bytes.length === 0) return
    const found = this.#split(bytes)
    // split2 decodes, and only bytes show what was not UTF-8.
    const raw = isUtf8(bytes) ? undefined : rawLines(bytes)
    for (let index = 0; index < found.length; index++) this.#give(found[index] as string, raw?.[index], out)
  }

  #give(line: string, raw: Buffer | undefined, out: Outlet<string, Buffer>): void {
    // A UTF-16 unit is at most 3 bytes of UTF-8, so most lines need no counting.
    const bytes = raw?.length ?? (line.length * 3 > this.#maxLength ? Buffer.byteLength(line) : 0)
    if (bytes > this.#maxLength) {
      this.#refuseTooLong(raw ?? Buffer.from(line), out)
    } else if (raw !== undefined && !isUtf8(raw)) {
      out.fail(new GatewayError('BAD_CONTENT', `a line of ${raw.length} bytes is not UTF-8`), raw)
    } else {
      out.emit(line)
    }
  }

  /** Keeps the beginning of a line, unless it is too long already. */
  #keep(rest: Buffer, out: Outlet<string, Buffer>): void {
    if (rest.length === 0 || this.#skipping) return
    this.#tail ??= []
    if (this.#tail.push(rest) > maxPieces) this.#tail = [Buffer.concat(this.#tail)]
    this.#tailBytes += rest.length
    // One more, for a \r whose \n is still to come.
    const limit = rest[rest.length - 1] === carriageReturn ? this.#maxLength + 1 : this.#maxLength
    if (this.#tailBytes <= limit) return
    this.#refuseTooLong(Buffer.concat(this.#tail), out)
    this.#dropTail()
    this.#skipping = true
  }

  /** The same words and bytes however the line was cut. */
  #refuseTooLong(line: Buffer, out: Outlet<string, Buffer>): void {
    const over = this.#maxLength + 1
    const message = `a line of at least ${over} bytes exceeds the limit of ${this.#maxLength}`
    out.fail(new GatewayError('FRAME_TOO_LONG', message), line.subarray(0, over))
  }

  #dropTail(): void {
    this.#tail = undefined
    this.#tailBytes = 0
  }
}

function rawLines(bytes: Buffer): Buffer[] {
  const raw: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
    raw.push(bytes.subarray(from, at > from && bytes[at - 1] === carriageReturn ? at - 1 : at))
    from = at + 1
  }
  return raw
}
