import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'

/**
 * What a field is for the value that its struct decodes to: a property of it, one that may be absent, or none at all (constants,
 * padding, counts and checks, which follow from the rest).
 */
export type Role = 'value' | 'optional' | 'hidden'

/**
 * One kind of field of a binary schema: how it is read, written, made up, documented. Fields are made once, by the functions of
 * this folder; what they generate is compiled into the functions of the {@link struct} that holds them.
 */
export interface Field<T, R extends Role = Role> {
  readonly role: R
  /** Its name on the protocol page, such as `u16`. */
  readonly type: string
  /** Bytes that it takes at least. */
  readonly minSize: number
  /** Bytes that it always takes; undefined where that depends on the value. */
  readonly fixedSize: number | undefined
  /** True for one that takes all that is left. */
  readonly toEnd?: boolean
  /** What its numbers are in, such as `km/h`. */
  readonly unit: string | undefined
  /** What the page says beside the type. */
  readonly note: string | undefined
  /** Writes the statements that read it and returns the name of the variable that holds the value. */
  read(source: DecodeSource, path: string): string
  /** Writes the statements that write `value`, an expression. `path` names it in errors. */
  write(source: EncodeSource, value: string, path: string): void
  /** Makes up a value that it can hold. */
  make(sampler: Sampler): T
  /** Its rows on the protocol page. */
  document(page: PageWriter, name: string): void
  /** Other fields of its struct that it looks at, and what it needs them to be. */
  readonly needs?: readonly Need[]
}

/** What a field needs another one of its struct to be, which is named with dots where it lies within a nested struct. */
export interface Need {
  readonly of: string
  /** The length of something, or the number that chooses one of these. */
  readonly as: 'size' | readonly number[]
}

/** A field whose values are whole numbers that fit into JavaScript's: what counts, lengths, tags and scaled values are made of. */
export interface NumberField extends Field<number, 'value'> {
  readonly min: number
  readonly max: number
  readonly fixedSize: number
}

/** What a field decodes to. */
export type ValueOf<F> = F extends Field<infer T> ? T : never

/** The named fields of a struct, in their order on the wire. */
export type Fields = Readonly<Record<string, Field<unknown>>>

/** What the fields of a struct decode to, and are encoded from. */
export type Decoded<F extends Fields> = {
  -readonly [K in keyof F as F[K] extends Field<unknown, 'value'> ? K : never]: ValueOf<F[K]>
} & {
  -readonly [K in keyof F as F[K] extends Field<unknown, 'optional'> ? K : never]?: ValueOf<F[K]>
} extends infer T
  ? { [K in keyof T]: T[K] }
  : never
