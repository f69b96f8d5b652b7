import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { checkSize, encodeSize, type Size, sizeInWords } from './size.ts'
import { decodeSpan, SpanField, sampleLength } from './span.ts'

class BytesField extends SpanField<Buffer> {
  readonly type = 'bytes'
  readonly note: string

  constructor(size: Size) {
    super(size, 'bytes')
    this.note = sizeInWords(size, 'bytes')
  }

  read(source: DecodeSource, path: string): string {
    const { from, to } = decodeSpan(source, this.size, path)
    const value = source.let(`b.subarray(${from}, ${to})`)
    source.leaf(path, from, to, value)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(value)
    source.line(`if (!(${v} instanceof Uint8Array)) throw run.type(\`${path}\`, ${v}, 'bytes')`)
    encodeSize(source, this.size, `${v}.length`, path)
    source.putVariable(`${v}.length`, () => source.line(`w.set(${v}, at)`))
  }

  make(sampler: Sampler): Buffer {
    return sampler.bytes(sampleLength(sampler, this.size))
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
