import { Source } from './source.ts'

/** What the traced decoder tells of each field that it has read: where it lies, and what it says. */
export type Trace = (path: string, from: number, to: number, value: unknown, unit: string | undefined) => void

/**
 * Code that decodes. It has `b` (the bytes), `at` (the next one), and {@link DecodeSource.end}. With `traced` it also tells what it
 * reads, for {@link Struct.annotate}.
 */
export class DecodeSource extends Source {
  readonly traced: boolean
  #quiet = false
  /** The expression of where the bytes end that the field may read. */
  end = 'end'

  constructor(traced: boolean) {
    super()
    this.traced = traced
  }

  override take(size: number, path: string): string {
    // So that a frame that ends early is read as far as it goes.
    if (this.traced) this.endRun()
    return super.take(size, path)
  }

  override peek(): string {
    if (this.traced) this.endRun()
    return super.peek()
  }

  /** Says what a field was; called with offsets that hold at this moment. */
  leaf(path: string, from: string, to: string, value: string, unit?: string): void {
    if (this.traced && !this.#quiet) this.line(`trace(\`${path}\`, ${from}, ${to}, ${value}, ${JSON.stringify(unit)})`)
  }

  /** Lets a field that is made of another one tell of it in its stead. */
  quietly<T>(body: () => T): T {
    const was = this.#quiet
    this.#quiet = true
    const result = body()
    this.#quiet = was
    return result
  }

  /** Reads `size` bytes as an expression of their offset, and tells of it. */
  leafOf(size: number, path: string, read: (offset: string) => string): string {
    const offset = this.take(size, path)
    const value = this.let(read(offset))
    this.leaf(path, offset, `${offset} + ${size}`, value)
    return value
  }

  /** Lets `body` see only the next `size` (an expression) bytes, all of which it must read. */
  window(size: string, path: string, body: () => void): void {
    this.endRun()
    const outer = this.end
    const inner = this.let(`at + ${size}`)
    this.line(`if (${inner} > ${outer}) throw run.short(at, ${outer}, [[\`${path}\`, ${size}]])`)
    this.end = inner
    body()
    this.endRun()
    this.end = outer
    this.line(`if (at !== ${inner}) throw run.leftOver(\`${path}\`, ${inner} - at, at)`)
  }

  /** Keeps the last `size` bytes from `body`: they belong to fields behind it, named by `path`. */
  reserving<T>(size: number, path: string, body: () => T): T {
    this.endRun()
    const outer = this.end
    this.end = this.let(`${outer} - ${size}`)
    this.line(`if (${this.end} < at) throw run.short(at, ${outer}, [[\`${path}\`, ${size}]])`)
    const result = body()
    this.endRun()
    this.end = outer
    return result
  }

  protected room(size: number, parts: readonly string[]): string {
    return `if (at + ${size} > ${this.end}) throw run.short(at, ${this.end}, [${parts.join(', ')}])`
  }
}
