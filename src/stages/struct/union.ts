import { bytes } from './blob.ts'
import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, Need, NumberField, ValueOf } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { decodeSize, expressionOf, FieldReference, rest } from './size.ts'
import { encodeWithLength } from './sized.ts'
import { refuse } from './source.ts'

/** One kind of a {@link union}: its tag, and what it holds. Made by {@link on}. */
export interface Kind<T> {
  readonly tag: number
  readonly of: Field<T>
}

/** What a union holds where its tag is `tag`. */
export function on<T>(tag: number, of: Field<T, 'value'>): Kind<T> {
  if (!Number.isInteger(tag)) refuse(`the tag of a kind must be an integer, not ${tag}`)
  return { tag, of }
}

type Kinds = Readonly<Record<string, Kind<unknown>>>

/** What a union decodes to: which kind it is, and its value. */
export type UnionValue<K extends Kinds> = {
  [Name in keyof K]: { readonly kind: Name; readonly value: ValueOf<K[Name]['of']> }
}[keyof K]

/** What a union that keeps what it does not know decodes to where it does not. */
export interface UnknownKind {
  readonly kind: 'unknown'
  readonly tag: number
  readonly value: Buffer
}

/** Options of {@link union}. */
export interface UnionOptions {
  /** A number behind the tag says how many bytes follow, all of which are the kind's own. */
  readonly length?: NumberField
  /** True: a tag that is not named gives `{ kind: 'unknown', tag, value }` with the bytes that there are; default: refused. */
  readonly keepUnknown?: boolean
}

class UnionField<T> implements Field<T, 'value'> {
  readonly role = 'value'
  readonly type = 'one of'
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize = undefined
  readonly needs: readonly Need[]
  readonly toEnd: boolean
  readonly #tag: NumberField | FieldReference
  readonly #kinds: readonly (readonly [string, Kind<unknown>])[]
  readonly #length: NumberField | undefined
  readonly #keepUnknown: boolean
  readonly #rest = bytes(rest)

  constructor(tag: NumberField | FieldReference, kinds: Kinds, options: UnionOptions) {
    this.#tag = tag
    this.#kinds = Object.entries(kinds)
    this.#length = options.length
    this.#keepUnknown = options.keepUnknown ?? false
    checkKinds(tag, this.#kinds, this.#keepUnknown)
    const tags = this.#kinds.map(([, kind]) => kind.tag)
    const inline = tag instanceof FieldReference ? 0 : tag.fixedSize
    const least =
      this.#length === undefined ? Math.min(...this.#kinds.map(([, { of }]) => of.minSize)) : this.#length.fixedSize
    this.minSize = inline + (this.#keepUnknown && this.#length === undefined ? 0 : least)
    this.note = tag instanceof FieldReference ? `by \`${tag.path}\`` : `a ${tag.type} says which`
    const own: Need[] = tag instanceof FieldReference ? [{ of: tag.path, as: tags }] : []
    this.needs = [...own, ...this.#kinds.flatMap(([, { of }]) => of.needs ?? [])]
    const open = this.#keepUnknown || this.#kinds.some(([, { of }]) => of.toEnd === true)
    this.toEnd = this.#length === undefined && open
  }

  read(source: DecodeSource, path: string): string {
    const tag = this.#decodeTag(source, path)
    const value = source.variable()
    source.endRun()
    source.line(`let ${value}`)
    const body = () => this.#decodeKinds(source, path, tag, value)
    if (this.#length === undefined) body()
    else source.window(decodeSize(source, this.#length, path) as string, path, body)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.object(value, path)
    source.block(`switch (${v}.kind)`, () => {
      for (const [name, { tag, of }] of this.#kinds) {
        source.block(`case ${JSON.stringify(name)}:`, () => this.#writeKind(source, String(tag), of, v, path))
      }
      if (this.#keepUnknown) {
        source.block("case 'unknown':", () => {
          const known = source.constant(new Set(this.#kinds.map(([, { tag }]) => tag)))
          source.line(`if (${known}.has(${v}.tag)) throw run.type(\`${path}.tag\`, ${v}.tag, 'a tag without a kind')`)
          this.#writeKind(source, `${v}.tag`, this.#rest, v, path)
        })
      }
      const names = JSON.stringify(`one of ${this.#kinds.map(([name]) => name).join(', ')}`)
      source.line(`default: throw run.type(\`${path}.kind\`, ${v}.kind, ${names})`)
    })
  }

  make(sampler: Sampler): T {
    const tag = this.#tag instanceof FieldReference ? sampler.valueOf(this.#tag.path) : undefined
    const given = this.#kinds.find(([, kind]) => kind.tag === tag)
    if (given === undefined && typeof tag === 'number') {
      return { kind: 'unknown', tag, value: sampler.bytes(sampler.length()) } as T
    }
    const [kind, { of, tag: chosen }] = given ?? sampler.pick(this.#kinds)
    if (this.#tag instanceof FieldReference && tag === undefined) sampler.settle(this.#tag.path, chosen)
    return { kind, value: sampler.inside(() => of.make(sampler)) } as T
  }

  document(page: PageWriter, name: string): void {
    if (!(this.#tag instanceof FieldReference)) page.row(`${name}.tag`, this.#tag)
    if (this.#length !== undefined) page.row(`${name}.length`, this.#length)
    page.row(name, this)
    for (const [kind, { tag, of }] of this.#kinds) {
      page.section(`\`${name}\` is ${kind} (${tag}, 0x${tag.toString(16)})`, () => of.document(page, `${name}.value`))
    }
  }

  /** The earlier field that says which kind it is, where one does. */
  get chosenBy(): string | undefined {
    return this.#tag instanceof FieldReference ? this.#tag.path : undefined
  }

  /** The tag of a value, an expression; for the field that {@link tagOf} made. */
  tagExpression(value: string): string {
    const tags = Object.fromEntries(this.#kinds.map(([name, { tag }]) => [name, tag]))
    const known = `${JSON.stringify(tags)}[${value}?.kind]`
    return this.#keepUnknown ? `(${known} ?? ${value}?.tag)` : known
  }

  #decodeTag(source: DecodeSource, path: string): string {
    if (this.#tag instanceof FieldReference) return expressionOf(source, this.#tag, path)
    return this.#tag.read(source, `${path}.tag`)
  }

  #decodeKinds(source: DecodeSource, path: string, tag: string, value: string): void {
    source.block(`switch (${tag})`, () => {
      for (const [name, kind] of this.#kinds) {
        source.block(`case ${kind.tag}:`, () => {
          const inner = source.nested(() => kind.of.read(source, `${path}.value`))
          source.line(`${value} = { kind: ${JSON.stringify(name)}, value: ${inner} }`)
          source.endRun()
          source.line('break')
        })
      }
      source.block('default:', () => {
        if (!this.#keepUnknown) {
          source.line(
            `throw run.type(\`${path}.tag\`, ${tag}, 'one of ${this.#kinds.map(([, kind]) => kind.tag).join(', ')}')`,
          )
          return
        }
        const inner = this.#rest.read(source, `${path}.value`)
        source.line(`${value} = { kind: 'unknown', tag: ${tag}, value: ${inner} }`)
      })
    })
  }

  #writeKind(source: EncodeSource, tag: string, of: Field<unknown>, v: string, path: string): void {
    if (this.#tag instanceof FieldReference) {
      const said = expressionOf(source, this.#tag, path)
      source.line(`if (${said} !== ${tag}) throw run.differs(\`${this.#tag.path}\`, ${said}, ${tag})`)
    } else {
      this.#tag.write(source, tag, `${path}.tag`)
    }
    const length = this.#length
    if (length === undefined) source.nested(() => of.write(source, `${v}.value`, `${path}.value`))
    else source.nested(() => encodeWithLength(source, length, of, `${v}.value`, `${path}.value`))
    source.endRun()
    source.line('break')
  }
}

function checkKinds(
  by: NumberField | FieldReference,
  kinds: readonly (readonly [string, Kind<unknown>])[],
  keepUnknown: boolean,
): void {
  if (kinds.length === 0) refuse('a union must have a kind')
  const tags = new Set<number>()
  for (const [name, { tag, of }] of kinds) {
    if (keepUnknown && name === 'unknown') refuse("a union that keeps what it does not know has no kind 'unknown'")
    if (tags.has(tag)) refuse(`a union has two kinds with the tag ${tag}`)
    if (!(by instanceof FieldReference) && (tag < by.min || tag > by.max))
      refuse(`a union by ${by.type} has no tag ${tag}`)
    if (of.role !== 'value') refuse(`${name} of a union must have a value`)
    tags.add(tag)
  }
}

/** True for a field that {@link union} made. */
export function isUnion(of: Field<unknown>): of is UnionField<unknown> {
  return of instanceof UnionField
}

/**
 * One of several, as a number says that stands in front or in an earlier field: message id → body, or, with `length`, the
 * items of a list of tag, length, value.
 *
 * ```
 * union(u8, { login: on(0x01, bytes(8)), heartbeat: on(0x13, struct('heartbeat', { level: u8 })) })
 *   13 06        ↔   { kind: 'heartbeat', value: { level: 6 } }
 * array(union(u8, { mileage: on(0x01, u32) }, { length: u8, keepUnknown: true }), rest)
 *   01 04 00 00 00 64 E1 01 07   ↔   [{ kind: 'mileage', value: 100 }, { kind: 'unknown', tag: 225, value: 07 }]
 * ```
 */
export function union<const K extends Kinds>(
  tag: NumberField | FieldReference,
  kinds: K,
  options: UnionOptions & { readonly keepUnknown: true },
): Field<UnionValue<K> | UnknownKind, 'value'>
export function union<const K extends Kinds>(
  tag: NumberField | FieldReference,
  kinds: K,
  options?: UnionOptions,
): Field<UnionValue<K>, 'value'>
export function union(
  tag: NumberField | FieldReference,
  kinds: Kinds,
  options: UnionOptions = {},
): Field<unknown, 'value'> {
  return new UnionField(tag, kinds, options)
}
