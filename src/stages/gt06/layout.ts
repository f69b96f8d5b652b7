import type { Annotation } from '../struct/annotation.ts'
import type { Struct } from '../struct/struct.ts'
import type { Gt06Body } from './messages.ts'

/** How the content of frames of some types lies, in both directions. */
export interface Gt06Layout {
  readonly types: readonly number[]
  readonly kind: Gt06Body['kind']
  /** Whether content lies so: it has the bytes that this takes. */
  fits(content: Buffer): boolean
  decode(content: Buffer, type: number): Gt06Body
  /** Whether a message says all that this layout needs. */
  says(body: Gt06Body): boolean
  encode(body: Gt06Body): Buffer
  annotate(content: Buffer): readonly Annotation[]
}

/** What {@link layout} is made of. */
export interface LayoutParts<T, B extends Gt06Body> {
  readonly kind: B['kind']
  readonly types: readonly number[]
  readonly of: Struct<T>
  readonly fits: (content: Buffer) => boolean
  readonly body: (value: T, content: Buffer, type: number) => B
  /** Default: any message of the kind. */
  readonly says?: (body: B) => boolean
  readonly value: (body: B) => T
}

/** Makes a layout of a schema and its translation into the words of messages. */
export function layout<T, B extends Gt06Body>(parts: LayoutParts<T, B>): Gt06Layout {
  const { kind, types, of, fits, says = () => true } = parts
  return {
    kind,
    types,
    fits,
    decode: (content, type) => parts.body(of.decode(content), content, type),
    says: (body) => body.kind === kind && says(body as B),
    encode: (body) => of.encode(parts.value(body as B)),
    annotate: (content) => of.annotate(content).fields,
  }
}

/** What is behind the known fields, where there is something. */
export function extraHex(extra: Buffer): { extra_hex?: string } {
  return extra.length === 0 ? {} : { extra_hex: extra.toString('hex') }
}

/** The inverse of {@link extraHex}. */
export function extraBytes({ extra_hex = '' }: { readonly extra_hex?: string }): Buffer {
  return Buffer.from(extra_hex, 'hex')
}
