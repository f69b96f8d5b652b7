import { type Condition, expressionOf, holds, inWords } from './condition.ts'
import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, Need } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { refuse, type Source } from './source.ts'

class EitherField<T> implements Field<T, 'value'> {
  readonly role = 'value'
  readonly type: string
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number | undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  readonly #condition: Condition
  readonly #then: Field<T>
  readonly #otherwise: Field<T>

  constructor(condition: Condition, then: Field<T>, otherwise: Field<T>) {
    if (then.role !== 'value' || otherwise.role !== 'value') refuse('either needs two fields that have a value')
    this.#condition = condition
    this.#then = then
    this.#otherwise = otherwise
    this.type = then.type
    this.note = inWords(condition)
    this.minSize = Math.min(then.minSize, otherwise.minSize)
    this.fixedSize = then.fixedSize === otherwise.fixedSize ? then.fixedSize : undefined
    this.toEnd = then.toEnd === true || otherwise.toEnd === true
    this.needs = [...(then.needs ?? []), ...(otherwise.needs ?? [])]
  }

  read(source: DecodeSource, path: string): string {
    const value = source.variable()
    source.endRun()
    source.line(`let ${value}`)
    this.#branches(source, path, (of) => source.line(`${value} = ${of.read(source, path)}`))
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(value)
    this.#branches(source, path, (of) => of.write(source, v, path))
  }

  make(sampler: Sampler): T {
    const there = holds(this.#condition, sampler.valueOf(this.#condition.of))
    return (there ? this.#then : this.#otherwise).make(sampler)
  }

  document(page: PageWriter, name: string): void {
    const rows = (note: string, of: Field<T>) => () => page.noted(note, undefined, () => of.document(page, name))
    page.instead(this.fixedSize, [rows(this.note, this.#then), rows('else', this.#otherwise)])
  }

  #branches<S extends Source>(source: S, path: string, branch: (of: Field<T>) => void): void {
    source.block(`if (${expressionOf(this.#condition, source, path)})`, () => source.nested(() => branch(this.#then)))
    source.block('else', () => source.nested(() => branch(this.#otherwise)))
  }
}

/** One field or another in the same place, as an earlier one says, such as an id that is longer in a later version. */
export function either<T, U>(
  condition: Condition,
  then: Field<T, 'value'>,
  otherwise: Field<U, 'value'>,
): Field<T | U, 'value'> {
  return new EitherField<T | U>(condition, then, otherwise)
}
