import type { DecodeSource } from './decode-source.ts'
import type { Role } from './field.ts'

/** A field of a struct that was read: where its value is. */
export interface ReadField {
  readonly name: string
  readonly role: Role
  readonly value: string
}

/** The object of what was read: of one shape as far as nothing may be absent, in the order of the fields. */
export function objectOf(source: DecodeSource, fields: readonly ReadField[]): string {
  const visible = fields.filter(({ role }) => role !== 'hidden')
  const optional = visible.findIndex(({ role }) => role === 'optional')
  const always = optional < 0 ? visible : visible.slice(0, optional)
  const object = source.let(`{ ${always.map(({ name, value }) => `${name}: ${value}`).join(', ')} }`)
  for (const { name, role, value } of visible.slice(always.length)) {
    source.line(`${role === 'optional' ? `if (${value} !== undefined) ` : ''}${object}.${name} = ${value}`)
  }
  return object
}
