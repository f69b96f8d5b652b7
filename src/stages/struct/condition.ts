import { checkPath, refuse, type Source } from './source.ts'

/** What must hold of an earlier field. Made by {@link is}, {@link isNot}, {@link atLeast}. */
export interface Condition {
  /** The field, with dots where it lies within a nested struct. */
  readonly of: string
  readonly operator: '===' | '!==' | '>='
  readonly value: number | string | boolean
}

/** That an earlier field has this value: `is('attributes.subpackage', true)`. */
export function is(of: string, value: number | string | boolean): Condition {
  return { of: checkPath(of, 'a field that is looked at'), operator: '===', value }
}

/** That an earlier field has another value. */
export function isNot(of: string, value: number | string | boolean): Condition {
  return { of: checkPath(of, 'a field that is looked at'), operator: '!==', value }
}

/** That an earlier number, such as a version, is so great or greater. */
export function atLeast(of: string, value: number): Condition {
  return { of: checkPath(of, 'a field that is looked at'), operator: '>=', value }
}

/** Whether it holds of a value. */
export function holds({ operator, value }: Condition, actual: unknown): boolean {
  if (operator === '>=') return (actual as number) >= (value as number)
  return (actual === value) === (operator === '===')
}

/** The expression of whether it holds, in code of the schema. */
export function expressionOf({ of, operator, value }: Condition, source: Source, path: string): string {
  const found = source.scope.find(of)
  if (found === undefined) refuse(`${path} depends on ${of}, which is no field before it`)
  return `${found} ${operator} ${JSON.stringify(value)}`
}

/** For the protocol page. */
export function inWords({ of, operator, value }: Condition): string {
  return `where \`${of}\` ${words[operator]} ${value}`
}

const words = { '===': 'is', '!==': 'is not', '>=': 'is at least' } as const
