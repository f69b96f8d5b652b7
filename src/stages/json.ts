import { GatewayError } from '../core/errors.ts'
import { type Command, noProperties, type Receipt, report, type Telemetry, telemetry } from '../core/items.ts'
import type { Lines, Messages } from '../core/levels.ts'
import { type Outlet, type Stage, stage, type TurnStep } from '../core/stage.ts'
import { frameDigest } from './frame-digest.ts'
import { type CommandAnswer, GivenCommands } from './given-commands.ts'
import { isPropertyName } from './hub-names.ts'
import { singleBodies } from './json-bodies.ts'
import { badHello, decodeHello, isObject, type JsonObject } from './json-hello.ts'
import { withoutProtocolMembers } from './json-members.ts'
import { forwardedReading, parsedReading, type UsualReading, usualReadings } from './json-reading.ts'
import { encodeRefusal, JsonEncoder } from './json-to-device.ts'

/** Options of {@link json}. */
export interface JsonOptions {
  /**
   * `all` (default) makes a value of every reading, for stages that look into `value`. `keys` looks through readings without making values of
   * them, and their `value` is undefined: for readings that are only forwarded. What is accepted, refused, sent and answered is the same.
   */
  readonly parse?: 'all' | 'keys'
}

type Out = Outlet<Messages['up'], Lines['down']>

/**
 * The codec of the `jsonLines` protocol: one JSON object a line; keys that begin with `$` are the protocol's, all others are
 * the reading, which goes to the hub byte for byte.
 *
 * ```
 * device → gateway                                            gateway → device
 * {"$hello":{"deviceId":"d1","key":"<base64>"}}               {"$welcome":"d1"}  or  {"$error":{"code":"…","message":"…"}}
 * {"$seq":7,"$properties":{"alert":"true"},"t":20.5}          {"$ack":7}  or  {"$nack":7,"code":"…","retry":true}
 * {"$report":{…},"$seq":8}                                    as telemetry
 * {"$ping":1}                                                 {"$pong":1}
 * {"$answer":"<id>","outcome":"complete","status":200,"body":…}
 *                                                             {"$command":{"id":"…","via":"c2d","name":"…","body":…,"properties":{…}}}
 * ```
 * A reading with `$seq` has a message id, of `$seq` and a digest of what the line says: the same when the line is sent again, another where
 * `$seq` begins anew after a reboot and the line says something else. A line without `$seq` has none: two equal readings are two readings.
 *
 * Errors: `BAD_CONTENT` for a line that is none of these or several at once, `BAD_HELLO`, `UNKNOWN_COMMAND` for an answer that
 * nobody waits for.
 */
export function json(options: JsonOptions = {}): Stage<Lines, Messages> {
  const { parse = 'all' } = options
  if (parse !== 'all' && parse !== 'keys') {
    throw new GatewayError('CONFIGURATION', `json: parse must be 'all' or 'keys', not ${parse}`)
  }
  return stage<Lines, Messages>('json', () => {
    const commands = new GivenCommands()
    return { up: new JsonDecoder(parse, commands), down: new JsonEncoder(commands), refuse: encodeRefusal }
  })
}

const protocolKeys = new Set(['$hello', '$seq', '$properties', '$report', '$ping', '$answer'])

/** Keys that make a line something other than a reading, with those that may stand beside them. */
const companions: Readonly<Record<string, readonly string[]>> = {
  $hello: [],
  $ping: [],
  $answer: ['outcome', 'status', 'body'],
  $report: ['$seq'],
}

/** A half by itself rather than a codec's, which would be one more object of each connection that is cold when something comes. */
class JsonDecoder implements TurnStep<string, Messages['up'], string> {
  readonly #usual: UsualReading
  readonly #commands: GivenCommands

  constructor(parse: 'all' | 'keys', commands: GivenCommands) {
    this.#usual = parse === 'all' ? parsedReading : forwardedReading
    this.#commands = commands
  }

  push(line: string, out: Out): void {
    const item = this.#usual(line, singleBodies) ?? this.#decodeUnusual(line, out)
    if (item !== undefined) out.emit(item)
  }

  pushAll(lines: readonly string[], out: Out): number {
    return usualReadings(lines, this.#usual, out)
  }

  #decodeUnusual(line: string, out: Out): Messages['up'] | undefined {
    const item = this.#decodeAny(line, out)
    if (this.#usual === forwardedReading && item?.kind === 'telemetry') item.value = undefined
    return item
  }

  #decodeAny(line: string, out: Out): Messages['up'] | undefined {
    const value = parseObject(line)
    const keys = Object.keys(value).filter((key) => key.startsWith('$'))
    const unknown = keys.find((key) => !protocolKeys.has(key))
    if (unknown !== undefined)
      throw bad(`the key at position ${keys.indexOf(unknown) + 1} of those with $ is not the protocol's`)
    const said = keys.find((key) => key in companions)
    if (said === undefined) return decodeReading(line, value, out)
    const stranger = Object.keys(value).find((key) => key !== said && !companions[said]?.includes(key))
    if (stranger !== undefined) {
      // Taking one part and losing the other without a word would be a reading without a receipt.
      refuseMixture(said, value, out)
      return undefined
    }
    if (said === '$hello') return decodeHello(value.$hello)
    if (said === '$answer') return this.#decodeAnswer(value)
    if (said === '$report') return decodeReport(value, out)
    // Anything that nests could nest deeper than JSON.stringify goes.
    if (typeof value.$ping === 'object' && value.$ping !== null) throw bad('$ping is an object or an array')
    out.reply(JSON.stringify({ $pong: value.$ping }))
    return undefined
  }

  #decodeAnswer(value: JsonObject): Receipt<Command> {
    const { $answer: id, ...said } = value
    if (typeof id !== 'string') throw bad('$answer is not a string')
    return this.#commands.answered({ ...(said as CommandAnswer), id })
  }
}

function decodeReport(value: JsonObject, out: Out): Messages['up'] | undefined {
  const { $seq, $report: patch } = value
  const tag = tagOf($seq)
  if (isObject(patch)) return report(patch, tag)
  out.fail(bad('$report is not an object'), report({}, tag))
  return undefined
}

function decodeReading(line: string, value: JsonObject, out: Out): Messages['up'] | undefined {
  const { $seq, $properties: properties = {} } = value
  const tag = tagOf($seq)
  const content = Object.fromEntries(Object.entries(value).filter(([key]) => !protocolKeys.has(key)))
  const body = Buffer.from(withoutProtocolMembers(line))
  const fault = faultOfProperties(properties, line)
  if (fault === undefined) {
    const messageId = tag === undefined ? undefined : messageIdOf(tag, line)
    return reading(body, content, tag, properties as Record<string, string>, messageId)
  }
  out.fail(bad(fault), reading(body, content, tag))
  return undefined
}

/**
 * Names must be of IoT Hub's alphabet and be written without escapes: the hub refuses others, and JSON.parse of Node 24 gives
 * one escaped name for another (nodejs/node#63785).
 */
function faultOfProperties(properties: unknown, line: string): string | undefined {
  if (!isStringMap(properties)) return '$properties is not an object of strings'
  const names = Object.keys(properties)
  const strange = names.findIndex((name) => !isPropertyName(name) || !line.includes(`"${name}"`))
  return strange < 0 ? undefined : `name ${strange + 1} in $properties has characters that IoT Hub does not allow`
}

/** Refuses a line that says several things, with the receipt that its `$seq` asks for. */
function refuseMixture(said: string, value: JsonObject, out: Out): void {
  const message = `a line with ${said} holds something else too; one line says one thing`
  if (said === '$hello') throw badHello(message)
  if (!isTag(value.$seq)) throw bad(message)
  out.fail(bad(message), reading(Buffer.alloc(0), value, value.$seq))
}

function tagOf(sequence: unknown): string | number | undefined {
  if (sequence === undefined) return undefined
  if (isTag(sequence)) return sequence
  throw bad(`$seq is not a string or a number of at most ${Number.MAX_SAFE_INTEGER}`)
}

function reading(
  body: Buffer,
  value: unknown,
  tag: unknown,
  properties?: Readonly<Record<string, string>>,
  messageId?: string,
): Telemetry {
  return telemetry(body, {
    value,
    tag,
    properties: properties ?? noProperties,
    messageId,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
  })
}

/** The digest is of all of the line here, so a `$seq` that no message id may hold can be left out. */
function messageIdOf(tag: string | number, line: string): string {
  const digest = frameDigest(line)
  return /^[\w:.-]{1,64}$/.test(String(tag)) ? `${tag}-${digest}` : digest
}

/** The message never quotes the line: it may hold a key. */
function parseObject(line: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw bad(`a line of ${line.length} characters is not JSON`)
  }
  if (isObject(value)) return value
  throw bad(`a line of ${line.length} characters is JSON but not an object`)
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}

/** Greater numbers lose digits in JavaScript: their receipt would name another one. */
function isTag(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER)
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string')
}
