import { GatewayError } from '../../core/errors.ts'

/** Where a value stands in a frame: a field's name, or the names on the way to one within others, such as `['header', 'sequence']`. */
export type Field = string | readonly string[]

/** What a field may be compared with. */
export type Scalar = string | number | bigint | boolean

/** A field as errors name it. */
export function fieldName(field: Field): string {
  return typeof field === 'string' ? field : field.join('.')
}

/** The value of a field; undefined where it is missing, null or an empty text. Only what the frame itself has: nothing inherited. */
export function valueAt(frame: unknown, field: Field): unknown {
  let value = frame
  for (const name of typeof field === 'string' ? [field] : field) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value === null || value === '' ? undefined : value
}

/** The text of a field, undefined where it is missing; throws `BAD_CONTENT` for anything else. */
export function textAt(frame: unknown, field: Field): string | undefined {
  const value = valueAt(frame, field)
  if (value === undefined || typeof value === 'string') return value
  throw badField(field, 'is not a text')
}

/** A field that numbers or names something, undefined where it is missing; throws `BAD_CONTENT` for what is neither text nor number. */
export function markAt(frame: unknown, field: Field): string | number | bigint | undefined {
  const value = valueAt(frame, field)
  if (value === undefined || typeof value === 'string' || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw badField(field, 'is neither a text nor a number')
}

/** Whether two values are the same text, truth value or number, be that a BigInt or not. */
export function isSame(value: unknown, other: Scalar): boolean {
  const isNumber = (each: unknown) => typeof each === 'number' || typeof each === 'bigint'
  if (isNumber(value) && isNumber(other)) return String(value) === String(other)
  return value === other
}

/** What a wrong field throws: `BAD_CONTENT`, which names the field but does not quote it. */
export function badField(field: Field, fault: string): GatewayError {
  return new GatewayError('BAD_CONTENT', `the field ${fieldName(field)} ${fault}`)
}
