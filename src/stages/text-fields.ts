import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../core/errors.ts'
import { badFrame } from './payload-format.ts'

/** The fields of a line of text: text, or a number where options say so; null for a number that is not there. */
export type TextFields = Record<string, string | number | null>

/** The text of a frame; throws `BAD_CONTENT` where it is not UTF-8. */
export function textOf(frame: Buffer): string {
  if (isUtf8(frame)) return frame.toString()
  throw badFrame(frame.length, 'is not UTF-8')
}

/** What a field says: its text, or the number that it must be. Throws `BAD_CONTENT` with the field's position, from 1. */
export function fieldOf(text: string, isNumber: boolean, position: number): string | number | null {
  if (!isNumber) return text
  if (text === '') return null
  const number = Number(text)
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(number)) return number
  throw new GatewayError('BAD_CONTENT', `field ${position} of a line is not a number`)
}

/** A field as it goes into a line; throws `BUG` for what is neither text nor a finite number nor null. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (value === null) return ''
  throw new GatewayError('BUG', 'a field to be sent is neither text nor a finite number nor null')
}

/** Checks an option that marks something in a text; `CONFIGURATION` where it is not a text of 1 character or more. */
export function separatorOf(value: string, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new GatewayError('CONFIGURATION', `${option} must be a text of 1 character or more`)
}
