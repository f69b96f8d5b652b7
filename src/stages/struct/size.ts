import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Need, NumberField } from './field.ts'
import { checkPath, refuse, type Source } from './source.ts'

/** Everything up to the end of the frame, or of the bytes that a {@link sized} field has, but for fields of a fixed size behind it. */
export const rest: unique symbol = Symbol('rest')

/** An earlier field, by its name; with dots where it lies within a nested struct. Made by {@link field}. */
export class FieldReference {
  readonly path: string

  constructor(path: string) {
    this.path = checkPath(path, 'a field that is referred to')
  }
}

/** Refers to an earlier field of the struct, or of one around it: `field('count')`, `field('header.length')`. */
export function field(path: string): FieldReference {
  return new FieldReference(path)
}

/** How long something is: always so long; as a number in front of it says; as an earlier field says; or all that is left. */
export type Size = number | NumberField | FieldReference | typeof rest

/** Refuses a number that is no size. */
export function checkSize(size: Size, of: string): Size {
  if (typeof size === 'number' && (!Number.isInteger(size) || size < 0)) {
    refuse(`the size of ${of} must be a whole number of at least 0, not ${size}`)
  }
  return size
}

/** Bytes that the number in front of something takes, where there is one. */
export function prefixSize(size: Size): number {
  return typeof size === 'object' && 'fixedSize' in size ? size.fixedSize : 0
}

/** What the field that has this size needs of others. */
export function needsOf(size: Size): Need[] {
  return size instanceof FieldReference ? [{ of: size.path, as: 'size' }] : []
}

/** Reads a size; gives an expression of it, undefined for {@link rest}. */
export function decodeSize(source: DecodeSource, size: Size, path: string): string | undefined {
  if (size === rest) return undefined
  if (typeof size === 'number') return String(size)
  if (!(size instanceof FieldReference)) {
    const count = size.read(source, `${path}.length`)
    // What it says is not always possible: a number with a sign can be below 0.
    if (size.min < 0) source.line(`if (${count} < 0) throw run.range(\`${path}.length\`, ${count}, 0, ${size.max})`)
    return count
  }
  const count = source.let(expressionOf(source, size, path))
  const most = Number.MAX_SAFE_INTEGER
  source.line(
    `if (!Number.isInteger(${count}) || ${count} < 0) throw run.range(\`${path}.length\`, ${count}, 0, ${most})`,
  )
  return count
}

/** The expression of the field that a reference means; `path` is of the field that refers to it. */
export function expressionOf(source: Source, { path: to }: FieldReference, path: string): string {
  return source.scope.find(to) ?? refuse(`${path} refers to ${to}, which is no field before it`)
}

/** Writes a size in front, or makes sure that the actual one, an expression, is what it must be. */
export function encodeSize(source: EncodeSource, size: Size, actual: string, path: string): void {
  if (size === rest) return
  if (typeof size === 'number') {
    source.line(`if (${actual} !== ${size}) throw run.differs(\`${path}.length\`, ${actual}, ${size})`)
    return
  }
  if (!(size instanceof FieldReference)) {
    size.write(source, actual, `${path}.length`)
    return
  }
  const said = expressionOf(source, size, path)
  source.line(`if (${actual} !== ${said}) throw run.differs(\`${size.path}\`, ${said}, ${actual})`)
}

/** A size in words, for the protocol page. */
export function sizeInWords(size: Size, unit: string): string {
  if (size === rest) return 'to the end'
  if (typeof size === 'number') return `${size} ${unit}`
  if (size instanceof FieldReference) return `as many ${unit} as \`${size.path}\` says`
  return `a ${size.type} with the number of ${unit} first`
}
