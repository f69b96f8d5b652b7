import { noProperties, type Telemetry } from '../core/items.ts'
import { maxSendBytes } from '../core/message-size.ts'
import { frameDigest } from './frame-digest.ts'
import { scanObject } from './json-scan.ts'

/** What most lines are: a reading whose only protocol member is at most a `$seq` at its beginning. Undefined for any other. */
export type UsualReading = (line: string) => Telemetry | undefined

/** With a value of it. */
export const parsedReading: UsualReading = (line) => {
  const begin = numberedBegin(line)
  const text = begin === undefined ? line : withoutBegin(line, begin)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  for (const key in value) if (key.charCodeAt(0) === dollar) return undefined
  return usualReading(Buffer.from(text), value, line, begin)
}

/** Looked through only. */
export const forwardedReading: UsualReading = (line) => {
  const begin = numberedBegin(line)
  // Seen to be JSON by the quickest that there is; nested values, escapes and spaces are looked through byte by byte.
  if (begin !== undefined && isFlatFrom(line, begin))
    return usualReading(Buffer.from(withoutBegin(line, begin)), undefined, line, begin)
  if (begin === undefined && isFlat(line)) return usualReading(Buffer.from(line), undefined, line, begin)
  const body = Buffer.from(begin === undefined ? line : withoutBegin(line, begin))
  const scanned = scanObject(body)
  if (scanned === 'plain') return usualReading(body, undefined, line, begin)
  return scanned === 'unsure' ? withoutValue(parsedReading(line)) : undefined
}

function withoutValue(reading: Telemetry | undefined): Telemetry | undefined {
  if (reading !== undefined) reading.value = undefined
  return reading
}

/** Written out with all fields in the order of `telemetry`, since it is what most messages cost. `body` is a Buffer of its own. */
function usualReading(body: Buffer, value: unknown, line: string, begin: number | undefined): Telemetry {
  const sequence = begin === undefined ? undefined : Number(line.slice(seqMember.length, begin))
  return {
    kind: 'telemetry',
    body,
    value,
    properties: noProperties,
    messageId: sequence === undefined ? undefined : `${sequence}-${frameDigest(line)}`,
    correlationId: undefined,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    creationTimeUtc: undefined,
    tag: sequence,
    refused: undefined,
    alreadyAccepted: false,
  }
}

const dollar = 0x24
const seqMember = '{"$seq":'

// A member without escapes, spaces and nesting, whose key is not the protocol's. No two ways to match the same text: it takes time in proportion.
// Two levels of objects and lists may stand in it.
const flatKey = '"(?!\\$)[^"\\\\\\x00-\\x1f]*"'
const anyKey = '"[^"\\\\\\x00-\\x1f]*"'
const scalar = `(?:${anyKey}|-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null)`
const around = (value: string) =>
  `(?:${scalar}|\\{(?:${anyKey}:${value}(?:,${anyKey}:${value})*)?\\}|\\[(?:${value}(?:,${value})*)?\\])`
const flatValue = around(around(scalar))
const flatObject = new RegExp(`^\\{(?:${flatKey}:${flatValue}(?:,${flatKey}:${flatValue})*)?\\}$`)
const flatRest = new RegExp(`(?:,${flatKey}:${flatValue})+\\}$`, 'y')

// Each member is a place that an expression may come back to: over some ten million characters it has no stack left for them.
const longestFlat = maxSendBytes

function isFlat(line: string): boolean {
  return line.length <= longestFlat && flatObject.test(line)
}

/** As {@link isFlat}, from the comma before the second member on. */
function isFlatFrom(line: string, begin: number): boolean {
  if (line.length > longestFlat) return false
  flatRest.lastIndex = begin
  return flatRest.test(line)
}

/** Digits that every number can hold. */
const mostDigits = 15

/** Where a line goes on that begins with `{"$seq":` and a whole number: at the comma before the next member. Undefined for any other line. */
function numberedBegin(line: string): number | undefined {
  if (!line.startsWith(seqMember)) return undefined
  let at = seqMember.length
  while (line.charCodeAt(at) >= 0x30 && line.charCodeAt(at) <= 0x39) at++
  const digits = at - seqMember.length
  if (digits === 0 || digits > mostDigits || (digits > 1 && line.charCodeAt(seqMember.length) === 0x30))
    return undefined
  return line.startsWith(',"', at) ? at : undefined
}

function withoutBegin(line: string, begin: number): string {
  return `{${line.slice(begin + 1)}`
}
