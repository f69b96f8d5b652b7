import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, Need } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import {
  checkSize,
  decodeSize,
  encodeSize,
  FieldReference,
  needsOf,
  prefixSize,
  rest,
  type Size,
  sizeInWords,
} from './size.ts'

/** How many bytes a sample of this size has. */
export function sampleLength(sampler: Sampler, size: Size): number {
  if (typeof size === 'number') return size
  if (size === rest) return sampler.exact ?? sampler.length()
  if (!(size instanceof FieldReference)) return sampler.length(size.max)
  const said = sampler.valueOf(size.path)
  if (typeof said === 'number') return Math.max(0, Math.floor(said))
  const length = sampler.length()
  // A count that is no value follows from this; what else it sizes must be as long.
  sampler.settle(size.path, length)
  return length
}

/** Reads as many bytes as `size` says: the expressions of where they begin and end. */
export function decodeSpan(source: DecodeSource, size: Size, path: string): { from: string; to: string } {
  if (typeof size === 'number') {
    const from = source.let(source.take(size, path))
    return { from, to: `${from} + ${size}` }
  }
  const length = decodeSize(source, size, path)
  source.endRun()
  const from = source.let('at')
  const to = source.let(length === undefined ? source.end : `at + ${length}`)
  if (length !== undefined)
    source.line(`if (${to} > ${source.end}) throw run.short(at, ${source.end}, [[\`${path}\`, ${length}]])`)
  source.line(`at = ${to}`)
  return { from, to }
}

class BytesField implements Field<Buffer, 'value'> {
  readonly role = 'value'
  readonly type = 'bytes'
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number | undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  readonly #size: Size

  constructor(size: Size) {
    this.#size = checkSize(size, 'bytes')
    this.note = sizeInWords(size, 'bytes')
    this.fixedSize = typeof size === 'number' ? size : undefined
    this.minSize = this.fixedSize ?? prefixSize(size)
    this.needs = needsOf(size)
    this.toEnd = size === rest
  }

  read(source: DecodeSource, path: string): string {
    const { from, to } = decodeSpan(source, this.#size, path)
    const value = source.let(`b.subarray(${from}, ${to})`)
    source.leaf(path, from, to, value)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(value)
    source.line(`if (!(${v} instanceof Uint8Array)) throw run.type(\`${path}\`, ${v}, 'bytes')`)
    encodeSize(source, this.#size, `${v}.length`, path)
    source.putVariable(`${v}.length`, () => source.line(`w.set(${v}, at)`))
  }

  make(sampler: Sampler): Buffer {
    return sampler.bytes(sampleLength(sampler, this.#size))
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** Bytes as they are; a view of the frame, not a copy. */
export function bytes(size: Size): Field<Buffer, 'value'> {
  return new BytesField(size)
}

class HexField implements Field<string, 'value'> {
  readonly role = 'value'
  readonly type = 'hex'
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number

  constructor(size: number) {
    checkSize(size, 'hex')
    this.note = `${size} bytes as hexadecimal digits`
    this.minSize = size
    this.fixedSize = size
  }

  read(source: DecodeSource, path: string): string {
    return source.leafOf(
      this.fixedSize,
      path,
      (offset) => `b.toString('hex', ${offset}, ${offset} + ${this.fixedSize})`,
    )
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(`run.encodeHex(${value}, ${this.fixedSize}, \`${path}\`)`)
    source.line(`w.set(${v}, ${source.take(this.fixedSize, path)})`)
  }

  make(sampler: Sampler): string {
    return sampler.bytes(this.fixedSize).toString('hex')
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** So many bytes as hexadecimal digits in small letters, such as an id that is not always decimal. */
export function hex(size: number): Field<string, 'value'> {
  return new HexField(size)
}
