import { isCheck } from './check.ts'
import { type Condition, expressionOf, holds, inWords } from './condition.ts'
import type { DecodeSource } from './decode-source.ts'
import { isDerived } from './derived.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, Need, Role } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { refuse } from './source.ts'

class OptionalField<T> implements Field<T> {
  readonly role: 'optional' | 'hidden'
  readonly type: string
  readonly unit: string | undefined
  readonly note: string
  readonly minSize = 0
  readonly fixedSize = undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  readonly #condition: Condition
  readonly #of: Field<T>

  constructor(condition: Condition, of: Field<T>) {
    if (isDerived(of) || isCheck(of)) refuse('a count, a tag or a check cannot depend on a condition')
    this.toEnd = of.toEnd === true
    this.role = of.role === 'hidden' ? 'hidden' : 'optional'
    this.#condition = condition
    this.#of = of
    this.type = of.type
    this.unit = of.unit
    this.note = inWords(condition)
    this.needs = of.needs ?? []
  }

  read(source: DecodeSource, path: string): string {
    const value = source.variable()
    source.endRun()
    source.line(`let ${value}`)
    source.block(`if (${expressionOf(this.#condition, source, path)})`, () => {
      source.line(`${value} = ${source.nested(() => this.#of.read(source, path))}`)
    })
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(value)
    source.block(`if (${expressionOf(this.#condition, source, path)})`, () => {
      source.nested(() => this.#of.write(source, v, path))
    })
    if (this.#of.role !== 'hidden')
      source.line(`else if (${v} !== undefined) throw run.type(\`${path}\`, ${v}, 'absent')`)
  }

  make(sampler: Sampler): T {
    const there = holds(this.#condition, sampler.valueOf(this.#condition.of))
    return there ? this.#of.make(sampler) : (undefined as T)
  }

  document(page: PageWriter, name: string): void {
    page.noted(this.note, undefined, () => this.#of.document(page, name))
  }
}

/** A field that is there only where an earlier one says so, such as by version: absent from the value else. */
export function when<T, R extends Role>(
  condition: Condition,
  of: Field<T, R>,
): Field<T, R extends 'hidden' ? 'hidden' : 'optional'> {
  return new OptionalField(condition, of) as unknown as Field<T, R extends 'hidden' ? 'hidden' : 'optional'>
}
