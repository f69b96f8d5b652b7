import { noProperties, type Telemetry } from '../core/items.ts'
import { maxSendBytes } from '../core/message-size.ts'
import type { Outlet } from '../core/stage.ts'
import { digestLength, putDigest } from './frame-digest.ts'
import { type Bodies, joinedBodies } from './json-bodies.ts'
import { scanObject } from './json-scan.ts'

/** What most lines are: a reading whose only protocol member is at most a `$seq` at its beginning. Undefined for any other. */
export type UsualReading = (line: string, bodies: Bodies) => Telemetry | undefined

/** With a value of it. */
export const parsedReading: UsualReading = (line, bodies) => {
  const begin = numberedBegin(line)
  if (begin === undefined && isOfProtocol(line)) return undefined
  const text = begin === undefined ? line : withoutBegin(line, begin)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  for (const key in value) if (key.charCodeAt(0) === dollar) return undefined
  return usualReading(bodies.of(line, begin), value, line, begin)
}

/** Looked through only. */
export const forwardedReading: UsualReading = (line, bodies) => {
  // Seen to be JSON by the quickest that there is; more nesting, escapes and spaces are looked through byte by byte.
  if (line.length <= longestFlat) {
    if (line.charCodeAt(2) !== dollar) {
      if (flatObject.test(line)) return usualReading(bodies.of(line, undefined), undefined, line, undefined)
    } else if (flatNumbered.test(line)) {
      const begin = line.indexOf(',')
      return usualReading(bodies.of(line, begin), undefined, line, begin)
    }
  }
  const begin = numberedBegin(line)
  if (begin === undefined && isOfProtocol(line)) return undefined
  const body = bodies.of(line, begin)
  const scanned = scanObject(body)
  if (scanned === 'plain') return usualReading(body, undefined, line, begin)
  return scanned === 'unsure' ? withoutValue(parsedReading(line, bodies)) : undefined
}

function withoutValue(reading: Telemetry | undefined): Telemetry | undefined {
  if (reading !== undefined) reading.value = undefined
  return reading
}

/** Gives out the readings of lines that came together, up to the first line that is no usual one. Returns how many those are. */
export function usualReadings(lines: readonly string[], usual: UsualReading, out: Outlet<Telemetry, never>): number {
  const bodies = joinedBodies(lines)
  if (bodies === undefined) return 0
  let taken = 0
  for (const line of lines) {
    const reading = usual(line, bodies)
    if (reading === undefined) break
    out.emit(reading)
    bodies.next(line)
    taken++
  }
  return taken
}

/** Written out with all fields in the order of `telemetry`, since it is what most messages cost. */
function usualReading(body: Buffer, value: unknown, line: string, begin: number | undefined): Telemetry {
  let sequence: number | undefined
  let messageId: string | undefined
  if (begin !== undefined) {
    const digits = begin - seqMember.length
    unitsOfId[digits] ??= new Array<number>(digits + 1 + digestLength).fill(dash)
    const units = unitsOfId[digits] as number[]
    sequence = 0
    for (let at = 0; at < digits; at++) {
      const unit = line.charCodeAt(seqMember.length + at)
      units[at] = unit
      sequence = sequence * 10 + unit - zero
    }
    // Of the bytes behind `$seq`, which are at hand.
    putDigest(body, units, digits + 1)
    messageId = String.fromCharCode(...units)
  }
  return {
    kind: 'telemetry',
    body,
    value,
    properties: noProperties,
    messageId,
    correlationId: undefined,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    creationTimeUtc: undefined,
    tag: sequence,
    refused: undefined,
    alreadyAccepted: false,
  }
}

/** `<$seq>-<digest>` as units, for each number of digits that a `$seq` may have: put together of texts an id would be five of them. */
const unitsOfId: number[][] = []

const dollar = 0x24
const dash = 0x2d
const zero = 0x30
const seqMember = '{"$seq":'
// A whole number of at most 15 digits is one that every number can hold.
const numbered = '^\\{"\\$seq":(?:0|[1-9]\\d{0,14})'
const numberedPrefix = new RegExp(`${numbered},"`)

// A member without escapes, spaces and nesting, whose key is not the protocol's. No two ways to match the same text: it takes time in proportion.
// Two levels of objects and lists may stand in it.
const flatKey = '"(?!\\$)[^"\\\\\\x00-\\x1f]*"'
const anyKey = '"[^"\\\\\\x00-\\x1f]*"'
const scalar = `(?:${anyKey}|-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null)`
const around = (value: string) =>
  `(?:${scalar}|\\{(?:${anyKey}:${value}(?:,${anyKey}:${value})*)?\\}|\\[(?:${value}(?:,${value})*)?\\])`
const flatValue = around(around(scalar))
const flatObject = new RegExp(`^\\{(?:${flatKey}:${flatValue}(?:,${flatKey}:${flatValue})*)?\\}$`)
const flatNumbered = new RegExp(`${numbered}(?:,${flatKey}:${flatValue})+\\}$`)

// Each member is a place that an expression may come back to: over some ten million characters it has no stack left for them.
const longestFlat = maxSendBytes

/** Where a line goes on that begins with `{"$seq":` and a whole number: at the comma before the next member. Undefined for any other line. */
function numberedBegin(line: string): number | undefined {
  // Most others are known by one character.
  return line.charCodeAt(2) === dollar && numberedPrefix.test(line) ? line.indexOf(',') : undefined
}

/** A line that begins with another member of the protocol, such as a hello: it need not be looked through to be known as unusual. */
function isOfProtocol(line: string): boolean {
  return line.charCodeAt(2) === dollar
}

function withoutBegin(line: string, begin: number): string {
  return `{${line.slice(begin + 1)}`
}
