import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import { checkName } from './source.ts'

/** A number that follows from another field of the struct: not part of the value, written from it, and made sure of. */
class DerivedField implements Field<undefined, 'hidden'> {
  readonly role = 'hidden'
  readonly unit = undefined
  readonly type: string
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  /** The field that it follows from. */
  readonly target: string
  /** What it is of it. */
  readonly is: 'count' | 'tag'
  readonly #of: NumberField

  constructor(is: 'count' | 'tag', target: string, of: NumberField) {
    this.is = is
    this.target = target
    this.#of = of
    this.type = of.type
    this.note = is === 'count' ? `the number of \`${target}\`` : `says what \`${target}\` is`
    this.minSize = of.fixedSize
    this.fixedSize = of.fixedSize
  }

  read(source: DecodeSource, path: string): string {
    const value = this.#of.read(source, path)
    const before = source.scope.own(this.target)
    // Only a count can stand behind what it is of.
    if (before !== undefined) {
      source.line(`if (${value} !== ${before}.length) throw run.differs(\`${path}\`, ${value}, ${before}.length)`)
    }
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    this.#of.write(source, value, path)
  }

  make(): undefined {}

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** True for a field that {@link countOf} or {@link tagOf} made. */
export function isDerived(of: Field<unknown>): of is DerivedField {
  return of instanceof DerivedField
}

/**
 * How many items the list `target` of the struct has: `count: countOf('records', u8)` with `records: array(record, field('count'))`.
 * Behind the list it is made sure of.
 */
export function countOf(target: string, of: NumberField): Field<undefined, 'hidden'> {
  checkName(target, 'what is counted')
  return new DerivedField('count', target, of)
}

/** Which kind the union `target` of the struct is: `type: tagOf('body', u8)` with `body: union(field('type'), …)`. */
export function tagOf(target: string, of: NumberField): Field<undefined, 'hidden'> {
  checkName(target, 'what has the tag')
  return new DerivedField('tag', target, of)
}
