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
import { refuse } from './source.ts'
import { sampleLength } from './span.ts'

class ArrayField<T> implements Field<T[], 'value'> {
  readonly role = 'value'
  readonly type = 'list'
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number | undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  /** The field that says how many there are; {@link struct} makes sure that a count in front of it is looked at. */
  readonly sizedBy: string | undefined
  readonly #item: Field<T>
  readonly #size: Size

  constructor(item: Field<T>, size: Size) {
    if (item.role !== 'value') refuse('what a list holds must have a value')
    // Four bytes could claim four billion of them otherwise.
    if (item.minSize < 1) refuse('what a list holds must take a byte or more')
    this.#item = item
    this.#size = checkSize(size, 'a list')
    this.sizedBy = size instanceof FieldReference ? size.path : undefined
    this.note = sizeInWords(size, 'items')
    const known = typeof size === 'number'
    this.fixedSize = known && item.fixedSize !== undefined ? size * item.fixedSize : undefined
    this.minSize = known ? size * item.minSize : prefixSize(size)
    this.needs = [...needsOf(size), ...(item.needs ?? [])]
    this.toEnd = size === rest
  }

  read(source: DecodeSource, path: string): string {
    const count = decodeSize(source, this.#size, path)
    source.endRun()
    const list = source.let('[]')
    const index = source.variable()
    const more = count === undefined ? `at < ${source.end}` : `${index} < ${count}`
    source.block(`for (let ${index} = 0; ${more}; ${index}++)`, () => {
      source.line(`${list}.push(${source.nested(() => this.#item.read(source, `${path}[\${${index}}]`))})`)
    })
    return list
  }

  write(source: EncodeSource, value: string, path: string): void {
    const list = source.let(value)
    source.line(`if (!Array.isArray(${list})) throw run.type(\`${path}\`, ${list}, 'a list')`)
    encodeSize(source, this.#size, `${list}.length`, path)
    const index = source.variable()
    source.block(`for (let ${index} = 0; ${index} < ${list}.length; ${index}++)`, () => {
      source.nested(() => this.#item.write(source, `${list}[${index}]`, `${path}[\${${index}}]`))
    })
  }

  make(sampler: Sampler): T[] {
    const length = this.#makeLength(sampler)
    sampler.exact = undefined
    return Array.from({ length }, () => sampler.inside(() => this.#item.make(sampler)))
  }

  #makeLength(sampler: Sampler): number {
    const { exact } = sampler
    if (this.#size !== rest || exact === undefined) return sampleLength(sampler, this.#size)
    return Math.floor(exact / (this.#item.fixedSize ?? Math.max(1, exact)))
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
    page.within(() => this.#item.document(page, `${name}[]`))
  }
}

/**
 * Items of one kind: a number of them, as many as a number in front or an earlier field says, or all up to the end. {@link sized}
 * around it counts bytes instead.
 *
 * ```
 * array(u16, u8)       02 00 01 00 02   ↔   [1, 2]
 * array(u16, rest)     00 01 00 02      ↔   [1, 2]
 * ```
 */
export function array<T>(item: Field<T, 'value'>, size: Size): Field<T[], 'value'> {
  return new ArrayField(item, size)
}

/** True for a field that {@link array} made. */
export function isList(of: Field<unknown>): boolean {
  return of instanceof ArrayField
}

/** True for a list whose size the named field says. */
export function isSizedBy(of: Field<unknown>, name: string): boolean {
  return of instanceof ArrayField && of.sizedBy === name
}
