import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { checkName, refuse } from './source.ts'

/** What {@link flags} decodes to: a boolean for each name, and the number of the other bits. */
export type FlagValues<Names extends string> = { [K in Names]: boolean } & { others: number }

class FlagsField<Names extends string> implements Field<FlagValues<Names>, 'value'> {
  readonly role = 'value'
  readonly unit = undefined
  readonly note = 'flags'
  readonly type: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #of: NumberField
  readonly #flags: readonly (readonly [string, number])[]
  readonly #others: number

  constructor(of: NumberField, flags: Readonly<Record<Names, number>>) {
    this.#of = of
    this.type = of.type
    this.minSize = of.fixedSize
    this.fixedSize = of.fixedSize
    this.#flags = Object.entries<number>(flags)
    const bitsOf = 8 * of.fixedSize
    if (of.min !== 0 || bitsOf > 32 || of.max !== 2 ** bitsOf - 1) {
      refuse('flags are in an unsigned integer of 1 to 4 bytes')
    }
    let named = 0
    for (const [name, at] of this.#flags) {
      checkName(name, 'a flag')
      if (name === 'others') refuse("a flag cannot be named 'others'")
      if (!Number.isInteger(at) || at < 0 || at >= bitsOf)
        refuse(`flag ${name} must be a bit from 0 to ${bitsOf - 1}, not ${at}`)
      if ((named & (1 << at)) !== 0) refuse(`flag ${name} is a bit that has a name`)
      named |= 1 << at
    }
    this.#others = (2 ** bitsOf - 1 - (named >>> 0)) >>> 0
  }

  read(source: DecodeSource, path: string): string {
    const offset = source.peek()
    const wire = source.quietly(() => this.#of.read(source, path))
    const members = this.#flags.map(([name, at]) => `${name}: (${wire} & ${1 << at}) !== 0`)
    const value = source.let(`{ ${[...members, `others: (${wire} & ${this.#others}) >>> 0`].join(', ')} }`)
    const end = `${offset} + ${this.fixedSize}`
    for (const [name] of this.#flags) source.leaf(`${path}.${name}`, offset, end, `${value}.${name}`)
    source.leaf(`${path}.others`, offset, end, `${value}.others`)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const o = source.object(value, path)
    for (const [name] of this.#flags) {
      source.ofType(`${o}.${name}`, 'boolean', `${path}.${name}`, 'true or false')
    }
    const max = this.#others
    source.line(
      `if ((${o}.others & ${max}) >>> 0 !== ${o}.others) throw run.range(\`${path}.others\`, ${o}.others, 0, ${max})`,
    )
    const parts = this.#flags.map(([name, at]) => `(${o}.${name} ? ${1 << at} : 0)`)
    this.#of.write(source, `(${[...parts, `${o}.others`].join(' | ')}) >>> 0`, path)
  }

  make(sampler: Sampler): FlagValues<Names> {
    const named = Object.fromEntries(this.#flags.map(([name]) => [name, sampler.boolean()]))
    return { ...named, others: (sampler.integer(0, this.#of.max) & this.#others) >>> 0 } as FlagValues<Names>
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
    for (const [own, at] of this.#flags) page.part(`${name}.${own}`, `bit ${at}`, 'boolean')
  }
}

/**
 * Booleans by the number of their bit, 0 the least significant; the bits without a name come back as `others`, so that nothing
 * is lost.
 *
 * ```
 * flags(u8, { alarm: 0, charging: 2 })     0D   ↔   { alarm: true, charging: true, others: 8 }
 * ```
 */
export function flags<const Names extends string>(
  of: NumberField,
  names: Readonly<Record<Names, number>>,
): Field<FlagValues<Names>, 'value'> {
  return new FlagsField(of, names)
}
