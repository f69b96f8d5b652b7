import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { refuse } from './source.ts'

/** Options of {@link scaled}: value = wire × multiplyBy ÷ divideBy + add. */
export interface Scale {
  /** Default 1. Exact where the wire has parts of a unit: `divideBy: 10`, not `multiplyBy: 0.1`. */
  readonly divideBy?: number
  /** Default 1. */
  readonly multiplyBy?: number
  /** Default 0. */
  readonly add?: number
  /** What the value is in, such as `deg`. */
  readonly unit?: string
}

class ScaledField implements Field<number, 'value'> {
  readonly role = 'value'
  readonly type: string
  readonly unit: string | undefined
  readonly note: string | undefined
  readonly minSize: number
  readonly fixedSize: number
  readonly #of: NumberField
  readonly #divideBy: number
  readonly #multiplyBy: number
  readonly #add: number

  constructor(of: NumberField, { divideBy = 1, multiplyBy = 1, add = 0, unit }: Scale) {
    for (const [name, each] of Object.entries({ divideBy, multiplyBy })) {
      if (!Number.isFinite(each) || each === 0) refuse(`${name} must be a number other than 0, not ${each}`)
    }
    if (!Number.isFinite(add)) refuse(`add must be a number, not ${add}`)
    this.#of = of
    this.#divideBy = divideBy
    this.#multiplyBy = multiplyBy
    this.#add = add
    this.type = of.type
    this.unit = unit
    this.minSize = of.fixedSize
    this.fixedSize = of.fixedSize
    const times = multiplyBy === 1 ? '' : ` × ${multiplyBy}`
    const by = divideBy === 1 ? '' : ` ÷ ${Number.isInteger(divideBy) ? divideBy.toLocaleString('en') : divideBy}`
    const plus = add === 0 ? '' : ` ${add < 0 ? '−' : '+'} ${Math.abs(add)}`
    this.note =
      [of.note, `${times}${by}${plus}`.trim()].filter((each) => each !== undefined && each !== '').join(', ') ||
      undefined
  }

  read(source: DecodeSource, path: string): string {
    const offset = source.peek()
    const wire = source.quietly(() => this.#of.read(source, path))
    const value = this.#isPlain ? wire : source.let(this.#fromWire(wire))
    source.leaf(path, offset, `${offset} + ${this.fixedSize}`, value, this.unit)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    if (this.#isPlain) {
      this.#of.write(source, value, path)
      return
    }
    const v = source.let(value)
    source.ofType(v, 'number', path, 'a number')
    const difference = this.#add === 0 ? v : `(${v} - ${this.#add})`
    this.#of.write(source, `Math.round(${difference} * ${this.#divideBy} / ${this.#multiplyBy})`, path)
  }

  make(sampler: Sampler): number {
    const wire = this.#of.make(sampler)
    return (wire * this.#multiplyBy) / this.#divideBy + this.#add
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }

  get #isPlain(): boolean {
    return this.#divideBy === 1 && this.#multiplyBy === 1 && this.#add === 0
  }

  #fromWire(wire: string): string {
    const times = this.#multiplyBy === 1 ? wire : `${wire} * ${this.#multiplyBy}`
    const by = this.#divideBy === 1 ? times : `${times} / ${this.#divideBy}`
    return this.#add === 0 ? by : `${by} + ${this.#add}`
  }
}

/**
 * A number in a unit: what stands on the wire, scaled. Encoding rounds to the nearest that the wire can say.
 *
 * ```
 * scaled(i32, { divideBy: 1e7, unit: 'deg' })     0F 11 33 D8   ↔   25.2785624
 * ```
 */
export function scaled(of: NumberField, scale: Scale): Field<number, 'value'> {
  return new ScaledField(of, scale)
}
