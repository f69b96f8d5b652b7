import { segmentEndOf } from './segments.ts'

/**
 * The first segment of an HL7 v2 message, with what is needed to read the others and to answer:
 *
 * ```
 *  MSH|^~\&|APP|FACILITY|…       fields[1] = MSH-1 '|', fields[2] = MSH-2 '^~\&', fields[3] = MSH-3 'APP', …
 *     │└── encodingCharacters: component, repetition, escape, subcomponent, truncation; as many as the sender gives
 *     └─── fieldSeparator: the fourth byte, whatever it is
 * ```
 */
export interface Hl7Header {
  /** `MSH`, unless the message is damaged or none. */
  readonly name: string
  readonly fieldSeparator: string
  readonly encodingCharacters: string
  /** By HL7's number: `fields[10]` is MSH-10. As sent, escapes and all. */
  readonly fields: readonly string[]
}

/** A header is looked for in so many bytes; no known one comes near. */
export const longestHeader = 4096

/** Fields up to MSH-25, the last that HL7 2.9 has. */
const mostFields = 26

/**
 * Reads the header at the beginning of a message, or of its bytes taken as ISO 8859-1. Undefined where there is nothing that could be
 * answered: no `MSH`, and no segment that has enough fields to be a damaged one.
 */
export function readHeader(text: string): Hl7Header | undefined {
  const end = text.indexOf(segmentEndOf(text))
  const segment = end < 0 ? text : text.slice(0, end)
  if (segment.length > longestHeader) return undefined
  const name = segment.slice(0, 3)
  const separator = segment.charAt(3)
  const readable = isDelimiter(separator)
  // A sender that uses no separator that we can use is told so with the usual one.
  const fieldSeparator = readable ? separator : '|'
  const [, encodingCharacters = '', ...others] = readable ? segment.split(fieldSeparator, mostFields) : []
  const fields = [name, fieldSeparator, encodingCharacters, ...others]
  if (name !== 'MSH' && fields.length <= 10) return undefined
  return { name, fieldSeparator, encodingCharacters, fields }
}

/** Field MSH-`number`, empty where it is not there. */
export function fieldOf(header: Hl7Header, number: number): string {
  return header.fields[number] ?? ''
}

/** The parts of a field between component separators. */
export function componentsOf(header: Hl7Header, field: string): string[] {
  const [separator] = header.encodingCharacters
  return separator === undefined ? [field] : field.split(separator)
}

/** Why a message with this header can never be taken; undefined where it can. Quotes nothing of it. */
export function faultOf(header: Hl7Header): string | undefined {
  const { name, fieldSeparator, encodingCharacters } = header
  if (name !== 'MSH') return 'the message does not begin with MSH'
  const delimiters = [...encodingCharacters]
  if (delimiters.length < 1 || delimiters.length > 5 || !delimiters.every(isDelimiter)) {
    return 'MSH-2 is not 1 to 5 encoding characters'
  }
  if (new Set([fieldSeparator, ...delimiters]).size <= delimiters.length) {
    return 'MSH-1 and MSH-2 have a character twice'
  }
  if (fieldOf(header, 9) === '') return 'MSH-9 (message type) is empty'
  if (fieldOf(header, 10) === '') return 'MSH-10 (message control ID) is empty'
  const [version = ''] = componentsOf(header, fieldOf(header, 12))
  // Some senders leave the version out; nothing that is done here depends on it.
  if (version !== '' && !/^2(\.\d+)* *$/.test(version)) return 'MSH-12 (version) is not one of HL7 2'
  return undefined
}

/** Printable, and neither a letter nor a digit nor blank. */
function isDelimiter(character: string): boolean {
  return /^[!-/:-@[-`{-~]$/.test(character)
}
