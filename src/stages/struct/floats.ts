import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field } from './field.ts'
import type { ByteOrder } from './integers.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'

class FloatField implements Field<number, 'value'> {
  readonly role = 'value'
  readonly unit = undefined
  readonly note = 'IEEE 754'
  readonly type: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #suffix: string

  constructor(bytes: 4 | 8, byteOrder: ByteOrder) {
    this.type = `f${8 * bytes}${byteOrder === 'little-endian' ? ' little-endian' : ''}`
    this.minSize = bytes
    this.fixedSize = bytes
    this.#suffix = `${bytes === 4 ? 'Float' : 'Double'}${byteOrder === 'little-endian' ? 'LE' : 'BE'}`
  }

  read(source: DecodeSource, path: string): string {
    return source.leafOf(this.fixedSize, path, (offset) => `b.read${this.#suffix}(${offset})`)
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(value)
    source.ofType(v, 'number', path, 'a number')
    if (this.fixedSize === 4) {
      const lost = `Number.isFinite(${v}) && !Number.isFinite(Math.fround(${v}))`
      source.line(`if (${lost}) throw run.type(\`${path}\`, ${v}, 'a number that 4 bytes can hold')`)
    }
    source.line(`w.write${this.#suffix}(${v}, ${source.take(this.fixedSize, path)})`)
  }

  make(sampler: Sampler): number {
    const value = sampler.integer(-1_000_000, 1_000_000) / 64
    return this.fixedSize === 4 ? Math.fround(value) : value
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** Floating point numbers of IEEE 754; `le`: least significant byte first. What is not finite becomes null in JSON; a NaN comes
 * back as a NaN, whatever its other bits. */
export const f32: Field<number, 'value'> = new FloatField(4, 'big-endian')
/** As {@link f32}, least significant byte first. */
export const f32le: Field<number, 'value'> = new FloatField(4, 'little-endian')
/** As {@link f32}, of 8 bytes. */
export const f64: Field<number, 'value'> = new FloatField(8, 'big-endian')
/** As {@link f64}, least significant byte first. */
export const f64le: Field<number, 'value'> = new FloatField(8, 'little-endian')
