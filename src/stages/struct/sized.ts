import { isCheck } from './check.ts'
import type { DecodeSource } from './decode-source.ts'
import { isDerived } from './derived.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, Need, NumberField, Role } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { checkSize, decodeSize, encodeSize, prefixSize, sizeInWords } from './size.ts'
import { refuse } from './source.ts'

class SizedField<T> implements Field<T> {
  readonly role
  readonly type: string
  readonly unit: string | undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number | undefined
  readonly needs: readonly Need[]
  readonly #of: Field<T>
  readonly #size: number | NumberField

  constructor(size: number | NumberField, of: Field<T>) {
    if (isDerived(of) || isCheck(of)) refuse('a count, a tag or a check cannot be sized')
    this.role = of.role
    this.#of = of
    this.#size = checkSize(size, 'a sized field') as number | NumberField
    this.type = of.type
    this.unit = of.unit
    this.note = sizeInWords(size, 'bytes')
    this.fixedSize = typeof size === 'number' ? size : undefined
    this.minSize = this.fixedSize ?? prefixSize(size)
    this.needs = of.needs ?? []
  }

  read(source: DecodeSource, path: string): string {
    const size = decodeSize(source, this.#size, path) as string
    let value = ''
    source.window(size, path, () => {
      value = this.#of.read(source, path)
    })
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    if (typeof this.#size !== 'number') {
      encodeWithLength(source, this.#size, this.#of, value, path)
      return
    }
    source.endRun()
    const from = source.let('at')
    this.#of.write(source, value, path)
    source.endRun()
    encodeSize(source, this.#size, source.let(`at - ${from}`), path)
  }

  make(sampler: Sampler): T {
    if (typeof this.#size === 'number') sampler.exact = this.#size
    return this.#of.make(sampler)
  }

  document(page: PageWriter, name: string): void {
    if (typeof this.#size !== 'number') page.row(`${name}.length`, this.#size)
    page.noted(this.note, this.fixedSize, () => this.#of.document(page, name))
  }
}

/**
 * A field of which so many bytes are there, or as many as a number in front says; all of them must be its own.
 *
 * ```
 * sized(u8, array(u16, rest))     04 00 01 00 02   ↔   [1, 2]
 * ```
 */
export function sized<T, R extends Role>(size: number | NumberField, of: Field<T, R>): Field<T, R> {
  return new SizedField(size, of) as unknown as Field<T, R>
}

/** Writes a field and, in front of it, how many bytes it took. */
export function encodeWithLength(
  source: EncodeSource,
  length: NumberField,
  of: Field<unknown>,
  value: string,
  path: string,
): void {
  source.take(length.fixedSize, path)
  source.endRun()
  const from = source.let('at')
  of.write(source, value, path)
  source.endRun()
  const end = source.let('at')
  // Now that it is known, the length goes into the room that was left for it.
  source.line(`at = ${from} - ${length.fixedSize}`)
  length.write(source, `${end} - ${from}`, `${path}.length`)
  source.endRun()
  source.line(`at = ${end}`)
}
