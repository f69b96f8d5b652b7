import { isList, isSizedBy } from './array.ts'
import { isCheck } from './check.ts'
import { isDerived } from './derived.ts'
import type { Field } from './field.ts'
import { checkName, refuse } from './source.ts'
import { isUnion } from './union.ts'

/** Refuses names that could not be in the code, or in the object. */
export function checkNames(name: string, fields: readonly (readonly [string, Field<unknown>])[]): void {
  if (!/^[\w-]+$/.test(name)) refuse(`a struct's name has letters, digits, - and _, not '${name}'`)
  for (const [own, of] of fields) {
    checkName(own, `a field of ${name}`)
    // Of these every object has one, so that they are never absent.
    if (of.role === 'optional' && own in Object.prototype)
      refuse(`a field of ${name} that may be absent cannot be '${own}'`)
  }
}

/** Refuses something that goes to the end with anything behind it whose size is not known. */
export function checkEnd(fields: readonly (readonly [string, Field<unknown>])[]): void {
  for (const [index, [name, of]] of fields.entries()) {
    const behind = fields.slice(index + 1).find(([, each]) => each.fixedSize === undefined)
    if (of.toEnd === true && behind !== undefined)
      refuse(`${name} goes to the end, and ${behind[0]} behind it has no fixed size`)
  }
}

/** Refuses numbers that follow from another field, and checks, without one to follow from. */
export function checkReferences(
  name: string,
  of: Field<unknown>,
  fields: readonly (readonly [string, Field<unknown>])[],
): void {
  const indexOf = (each: string) => fields.findIndex(([own]) => own === each)
  if (isCheck(of) && of.from !== undefined && (indexOf(of.from) < 0 || indexOf(of.from) >= indexOf(name))) {
    refuse(`${name} covers from ${of.from} on, which is no field before it`)
  }
  if (!isDerived(of)) return
  const target = fields[indexOf(of.target)]?.[1]
  if (target === undefined) refuse(`${name} is of ${of.target}, which is no field of the struct`)
  const before = indexOf(name) < indexOf(of.target)
  if (of.is === 'count' && !(before ? isSizedBy(target, name) : isList(target))) {
    refuse(`${name} counts ${of.target}: make that a list${before ? ` with the size field('${name}')` : ''}`)
  }
  if (of.is === 'tag' && !(before && isUnion(target) && target.chosenBy === name)) {
    refuse(`${name} is the tag of ${of.target}: make that a union by field('${name}') behind it`)
  }
}
