import { isUtf8 } from 'node:buffer'
import { inspect } from 'node:util'
import { GatewayError } from '../../core/errors.ts'
import { maxDepth } from '../payload-format.ts'

/** What stands for the names in a template; one that is undefined has no value. */
export type Filling = Readonly<Record<string, unknown>>

/** Makes a frame of a template; undefined where it needs what has no value. */
export type Filled = (values: Filling) => Buffer | undefined

/**
 * How a language says templates. `option` is the template's option for errors, `names` what it may have in braces; `CONFIGURATION` for a
 * template that cannot work.
 */
export type Templates<Said> = (option: string, template: Said, names: readonly string[]) => Filled

const placeholder = /\{(\w+)\}/

/**
 * Templates of lines: texts such as `ACK {sequence}`.
 *
 * Errors: `BAD_CONTENT` where what stands for a name is no text or number, or has a line break or another control character in it: it
 * would make other lines of the answer. `CONFIGURATION` for line breaks in a template.
 */
export const lineTemplates: Templates<string> = (option, template, names) => {
  if (typeof template !== 'string') throw wrong(option, 'must be a text', template)
  if (isBroken(template)) throw wrong(option, 'must have no line breaks or control characters', template)
  const text = textTemplate(option, template, names)
  return (values) => {
    const filled = text(values)
    if (filled === undefined) return undefined
    if (!isBroken(filled)) return Buffer.from(filled)
    throw new GatewayError('BAD_CONTENT', 'a line to the device would have a line break or control character in it')
  }
}

/**
 * Templates of values: `{ ack: '{sequence}' }`. A text that is one name in braces becomes its value, of whatever type; within a longer
 * text names become text. `encode` makes a frame of the value.
 */
export function valueTemplates(encode: (value: unknown) => Buffer): Templates<unknown> {
  return (option, template, names) => {
    const make = valueTemplate(option, template, names, 0)
    return (values) => {
      const missing: string[] = []
      const value = make(values, missing)
      return missing.length > 0 ? undefined : encode(value)
    }
  }
}

type Maker = (values: Filling, missing: string[]) => unknown

function valueTemplate(option: string, template: unknown, names: readonly string[], depth: number): Maker {
  if (depth > maxDepth) throw new GatewayError('CONFIGURATION', `${option} nests deeper than ${maxDepth}`)
  if (typeof template === 'string') return memberTemplate(option, template, names)
  if (Array.isArray(template)) {
    const items = template.map((each) => valueTemplate(option, each, names, depth + 1))
    return (values, missing) => items.map((item) => item(values, missing))
  }
  if (isPlainObject(template)) {
    const members = Object.entries(template).map(
      ([key, each]) => [key, valueTemplate(option, each, names, depth + 1)] as const,
    )
    return (values, missing) => Object.fromEntries(members.map(([key, make]) => [key, make(values, missing)]))
  }
  if (template === undefined || typeof template === 'function' || typeof template === 'symbol') {
    throw wrong(option, 'must be a value that can be sent', template)
  }
  return () => template
}

function memberTemplate(option: string, template: string, names: readonly string[]): Maker {
  const text = textTemplate(option, template, names)
  const [all, name = ''] = placeholder.exec(template) ?? []
  if (all !== template) {
    return (values, missing) => {
      const filled = text(values)
      if (filled === undefined) missing.push(template)
      return filled
    }
  }
  return (values, missing) => {
    if (values[name] === undefined) missing.push(name)
    return values[name]
  }
}

/** A text with names in braces. */
function textTemplate(
  option: string,
  template: string,
  names: readonly string[],
): (values: Filling) => string | undefined {
  // Split by an expression with a group: texts at even places, names at odd ones.
  const parts = template.split(placeholder)
  const stranger = parts.find((part, index) => index % 2 === 1 && !names.includes(part))
  if (stranger !== undefined) {
    const known = names.length === 0 ? 'nothing' : names.map((name) => `{${name}}`).join(', ')
    throw new GatewayError('CONFIGURATION', `${option} has {${stranger}}, but may have ${known} in braces`)
  }
  return (values) => {
    const texts = parts.map((part, index) => (index % 2 === 0 ? part : textOf(values[part])))
    return texts.includes(undefined) ? undefined : texts.join('')
  }
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (Buffer.isBuffer(value) && isUtf8(value)) return value.toString()
  throw new GatewayError('BAD_CONTENT', 'what is to be sent within a text is none')
}

/** Whether a text has what could end a line: any control character. */
export function isBroken(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\u0000-\u0008\u000a-\u001f\u007f\u0085\u2028\u2029]/.test(text)
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** What an option that cannot work throws: `CONFIGURATION` with its name and value. */
export function wrong(option: string, must: string, value: unknown): GatewayError {
  return new GatewayError(
    'CONFIGURATION',
    `${option} ${must}, not ${inspect(value, { depth: 1, breakLength: Infinity })}`,
  )
}
