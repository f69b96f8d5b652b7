import type { Check } from '../check.ts'
import { type CheckKind, checkOf } from '../check-kinds.ts'
import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import { refuse } from './source.ts'

/** Under which name a struct binds where its field `name` begins; without a name, where it begins itself. */
export function startOf(name = ''): string {
  return `start of ${name}`
}

/** A check over the bytes before it. */
class CheckField implements Field<undefined, 'hidden'> {
  readonly role = 'hidden'
  readonly unit = undefined
  readonly type: string
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  /** The first field that it covers; undefined: the struct's first. */
  readonly from: string | undefined
  readonly #check: Check
  readonly #of: NumberField

  constructor(kind: Check, of: NumberField, from: string | undefined) {
    this.#check = kind
    this.#of = of
    this.from = from
    this.type = of.type
    this.note = `${kind.name} over ${from === undefined ? 'all' : `\`${from}\` and all`} before it`
    this.minSize = of.fixedSize
    this.fixedSize = of.fixedSize
    if (of.fixedSize < kind.size) refuse(`${kind.name} takes ${kind.size} bytes, not ${of.fixedSize}`)
    if (of.min !== 0 || of.max < 256 ** kind.size - 1)
      refuse(`${kind.name} is written in an unsigned integer, not ${of.type}`)
  }

  read(source: DecodeSource, path: string): string {
    const start = source.scope.own(startOf(this.from)) as string
    const { name, size } = this.#check
    const to = source.let(source.peek())
    const said = this.#of.read(source, path)
    const computed = source.let(`${source.constant(this.#check)}.compute(b, ${start}, ${to})`)
    const mismatch = `run.mismatch(\`${path}\`, ${JSON.stringify(name)}, ${size}, ${computed}, ${said})`
    source.line(`if (${computed} !== ${said}) throw ${mismatch}`)
    return said
  }

  write(source: EncodeSource, _value: string, path: string): void {
    const start = source.scope.own(startOf(this.from)) as string
    const to = source.let(source.peek())
    this.#of.write(source, `${source.constant(this.#check)}.compute(w, ${start}, ${to})`, path)
  }

  make(): undefined {}

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** True for a field that {@link check} made. */
export function isCheck(of: Field<unknown>): of is CheckField {
  return of instanceof CheckField
}

/** Options of {@link check}. */
export interface CheckOptions {
  /** The first field that is covered; default: the struct's first. */
  readonly from?: string
}

/**
 * A check over the fields before it, by its name or your own, written in `of`; not part of the value. `CHECKSUM_MISMATCH` with both values where it does
 * not hold.
 *
 * ```
 * struct('frame', { length: u16, codec: u8, …, crc: check('CRC-16/ARC', u32, { from: 'codec' }) })
 * ```
 */
export function check(
  kind: CheckKind | Check,
  of: NumberField,
  options: CheckOptions = {},
): Field<undefined, 'hidden'> {
  return new CheckField(typeof kind === 'string' ? checkOf(kind) : kind, of, options.from)
}
