import { GatewayError } from '../../core/errors.ts'
import { jsonText } from '../json-text.ts'
import { badFrame, type PayloadFormat } from '../payload-format.ts'
import { type TextFields, textOf } from '../text-fields.ts'
import { badField } from './field.ts'
import { isJsonNumber, jsonNumber } from './json-number.ts'
import { wrong } from './template.ts'

/** What a line that holds no fields may be. */
export type Speech = 'heartbeat' | 'hello' | 'answer' | 'rejection'

/** A line that holds no fields: what it is, and the named groups of the pattern that told. */
export class SpokenLine {
  readonly line: string
  readonly speech: Speech
  readonly groups: Readonly<Record<string, string | undefined>>

  constructor(line: string, speech: Speech, groups: SpokenLine['groups']) {
    this.line = line
    this.speech = speech
    this.groups = groups
  }
}

/** A line as options tell it: its text, or a pattern of all of it. */
export type LinePattern = string | RegExp

/** Which lines are not fields, by what they are; the first to fit decides. */
export type SpokenLines = readonly (readonly [Speech, LinePattern])[]

/** Which fields become JSON numbers: those that are named, which must be numbers then, or all that a number is written in as JSON has it. */
export type NumberFields = readonly string[] | 'all'

/**
 * A format of lines whose fields are texts, with lines among them that are none of it, and with numbers in its JSON: digit for digit, so
 * that neither 20 digits nor a final zero are lost. Values keep the texts that devices sent.
 *
 * Errors: `BAD_CONTENT` for a field that is to be a number and is none; nothing at all is null.
 */
export function spokenFormat(
  format: PayloadFormat<TextFields>,
  spoken: SpokenLines,
  numbers: NumberFields = [],
): PayloadFormat<TextFields | SpokenLine> {
  const patterns = spoken.map(([speech, line]) => [speech, wholeLine(line)] as const)
  return {
    ...format,
    decode(frame) {
      if (patterns.length > 0) {
        const line = textOf(frame)
        for (const [speech, pattern] of patterns) {
          const match = pattern.exec(line)
          if (match !== null) return new SpokenLine(line, speech, { ...match.groups })
        }
      }
      return format.decode(frame)
    },
    encode(value) {
      return value instanceof SpokenLine ? Buffer.from(value.line) : format.encode(value)
    },
    jsonBody(value, frame) {
      if (value instanceof SpokenLine) return Buffer.from(jsonText({ line: value.line }))
      const members = Object.entries(value).map(([key, text]) => `${JSON.stringify(key)}:${jsonOf(key, text, numbers)}`)
      if (members.length === 0) throw badFrame(frame.length, 'has no fields')
      return Buffer.from(`{${members.join(',')}}`)
    },
  }
}

function jsonOf(key: string, text: string | number | null, numbers: NumberFields): string {
  if (typeof text !== 'string') return JSON.stringify(text)
  if (numbers === 'all') return isJsonNumber(text) ? text : JSON.stringify(text)
  if (!numbers.includes(key)) return JSON.stringify(text)
  if (text === '') return 'null'
  const number = jsonNumber(text)
  if (number === undefined) throw badField(key, 'is not a number')
  return number
}

function wholeLine(line: LinePattern): RegExp {
  if (typeof line === 'string') return new RegExp(`^${line.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}$`)
  return new RegExp(`^(?:${line.source})$`, line.flags)
}

/** Checks a line pattern, with the groups that it must have; `CONFIGURATION`, naming `option`. */
export function checkLinePattern(option: string, line: unknown, groups: readonly string[] = []): void {
  if (typeof line !== 'string' && !(line instanceof RegExp)) throw wrong(option, 'must be a text or a RegExp', line)
  const source = typeof line === 'string' ? '' : line.source
  // They would make a pattern that remembers, or that ends within the line.
  if (line instanceof RegExp && /[gmy]/.test(line.flags))
    throw wrong(option, 'must be without the flags g, m and y', line)
  for (const group of groups) {
    if (!source.includes(`(?<${group}>`)) {
      throw new GatewayError('CONFIGURATION', `${option} must have a group (?<${group}>…), as ${line} has not`)
    }
  }
}
