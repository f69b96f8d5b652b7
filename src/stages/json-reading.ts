import { noProperties, type Telemetry } from '../core/items.ts'
import { maxSendBytes } from '../core/message-size.ts'
import type { Outlet } from '../core/stage.ts'
import { frameDigest } from './frame-digest.ts'
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
  const sequence = begin === undefined ? undefined : sequenceOf(line, begin)
  return {
    kind: 'telemetry',
    body,
    value,
    properties: noProperties,
    // Of the bytes behind `$seq`, which are at hand.
    messageId: sequence === undefined ? undefined : `${sequence}-${frameDigest(body)}`,
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

/** What stands before `begin`, which is known to be digits and few enough. */
function sequenceOf(line: string, begin: number): number {
  let sequence = 0
  for (let at = seqMember.length; at < begin; at++) sequence = sequence * 10 + line.charCodeAt(at) - zero
  return sequence
}

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
