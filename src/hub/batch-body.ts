import type { Properties, Telemetry } from '../core/items.ts'
import { billableBlockBytes, billableBlocks, maxSendBytes } from '../core/message-size.ts'

/** A batch as it goes to the hub. */
export interface EncodedBatch {
  readonly body: Buffer
  /** Blocks of 4 KB that the hub's quota counts of its messages. */
  readonly billable: number
}

/**
 * The body of an HTTPS batch (content type `application/vnd.microsoft.iothub.json`):
 *
 * ```
 * [{"body":"<base64>","base64Encoded":true,"properties":{"iothub-app-<name>":"…","iothub-messageid":"…"}}, …]
 * ```
 * System properties go unprefixed, user properties with `iothub-app-`, as Microsoft's C# and Java SDKs send them (the Node
 * SDK drops the former and does not escape the latter). Every name and value is JSON-escaped, whatever a device put in it; all is ASCII.
 */
export function encodedBatch(messages: readonly Telemetry[]): EncodedBatch {
  if (messages.length === 0) return { body: Buffer.from('[]'), billable: 0 }
  // Most ids need no escapes, which is seen at no cost while they are written.
  return batchOfPlainIds(messages) ?? batchOfAnyIds(messages)
}

/** Undefined where an id has a character that JSON has not between quotes, or that is not ASCII. */
function batchOfPlainIds(messages: readonly Telemetry[]): EncodedBatch | undefined {
  // Counted first, then written once to where it stays: half of what a large batch costs is memory that was never touched before, and a text
  // that is put together and made bytes of takes longer.
  const middles: Middle[] = []
  let size = 1
  let groups = 0
  let billable = 0
  let middle = isLasting(lastMiddle) ? lastMiddle : undefined
  for (const message of messages) {
    if (!middle?.suits(message)) middle = new Middle(message)
    middles.push(middle)
    const { bytes, closing } = middle
    const idLength = message.messageId?.length ?? 0
    const ofBody = groupsOf(message.body)
    const entry = opening.length + ofBody * 4 + bytes.length + idLength + closing.length
    size += entry
    groups += ofBody
    // Nothing is shorter here than as the quota counts it.
    billable += entry <= billableBlockBytes ? 1 : billableBlocks(message)
  }
  lastMiddle = middle
  const batch = Buffer.allocUnsafeSlow(size)
  // The bodies wait at the end of the batch: what is written before them never reaches them, since no entry is shorter than its base64.
  let from = size - groups * 4
  putBodies(messages, groups, batch, from)
  let at = 0
  for (let index = 0; index < messages.length; index++) {
    const { body, messageId } = messages[index] as Telemetry
    const { bytes, closing } = middles[index] as Middle
    at = putFew(opening, batch, at)
    const ofBody = groupsOf(body)
    batch.copyWithin(at, from, from + ofBody * 4)
    from += ofBody * 4
    at += ofBody * 4
    for (let filled = ofBody * 3 - body.length; filled > 0; filled--) batch[at - filled] = equals
    at = put(bytes, batch, at)
    if (messageId !== undefined) at = putPlain(messageId, batch, at)
    if (at < 0) return undefined
    at = putFew(closing, batch, at)
  }
  // Where the first entry has its comma the array begins.
  batch[0] = leftBracket
  batch[at] = rightBracket
  return { body: batch, billable }
}

/** Groups of three bytes, each of which is four characters of base64; the last may lack one or two. */
function groupsOf(body: Buffer): number {
  return Math.ceil(body.length / 3)
}

/** Where the bodies of a batch are put together. */
const together = Buffer.allocUnsafeSlow(maxSendBytes + 1)

/** Writes all bodies as base64, in whole groups. At once, since asking for that of each body costs several times what is then done. */
function putBodies(messages: readonly Telemetry[], groups: number, to: Buffer, from: number): void {
  const bytes = groups * 3
  const bodies = bytes <= together.length ? together : Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const { body } of messages) {
    const end = at + groupsOf(body) * 3
    for (at = put(body, bodies, at); at < end; at++) bodies[at] = 0
  }
  to.write(bodies.toString('base64', 0, bytes), from, 'latin1')
}

function batchOfAnyIds(messages: readonly Telemetry[]): EncodedBatch {
  let billable = 0
  const entries = messages.map((message) => {
    billable += billableBlocks(message)
    const { bytes, closing } = new Middle(message)
    const id = message.messageId === undefined ? '' : escaped(message.messageId)
    return `${opening.toString()}${message.body.toString('base64')}${bytes.toString('latin1')}${id}${closing.toString()}`
  })
  return { body: Buffer.from(`[${entries.join('').slice(1)}]`, 'latin1'), billable }
}

const opening = Buffer.from(',{"body":"')
const closing = Buffer.from('}}')
const closingBehindId = Buffer.from('"}}')
const space = 0x20
const quote = 0x22
const equals = 0x3d
const leftBracket = 0x5b
const backslash = 0x5c
const rightBracket = 0x5d
const tilde = 0x7e

/** What stands between a message's body and its id: of neighbours it is mostly the same. */
class Middle {
  readonly bytes: Buffer
  readonly closing: Buffer
  readonly properties: Properties
  readonly #contentType: string | undefined
  readonly #contentEncoding: string | undefined
  readonly #creationTimeUtc: string | undefined
  readonly #correlationId: string | undefined

  constructor(message: Telemetry) {
    const { properties, contentType, contentEncoding, creationTimeUtc, correlationId, messageId } = message
    this.properties = properties
    this.#contentType = contentType
    this.#contentEncoding = contentEncoding
    this.#creationTimeUtc = creationTimeUtc
    this.#correlationId = correlationId
    const members: string[] = []
    for (const name in properties) {
      members.push(`"iothub-app-${escaped(name)}":"${escaped(properties[name] as string)}"`)
    }
    const system = (name: string, value: string | undefined) => {
      if (value !== undefined) members.push(`"${name}":"${escaped(value)}"`)
    }
    system('iothub-correlationid', correlationId)
    system('iothub-contenttype', contentType)
    system('iothub-contentencoding', contentEncoding)
    system('iothub-creationtimeutc', creationTimeUtc)
    if (messageId !== undefined) members.push('"iothub-messageid":"')
    this.bytes = Buffer.from(`","base64Encoded":true,"properties":{${members.join(',')}`, 'latin1')
    this.closing = messageId === undefined ? closing : closingBehindId
  }

  suits(message: Telemetry): boolean {
    return (
      this.properties === message.properties &&
      this.#contentType === message.contentType &&
      this.#contentEncoding === message.contentEncoding &&
      this.#creationTimeUtc === message.creationTimeUtc &&
      this.#correlationId === message.correlationId &&
      (this.closing === closingBehindId) === (message.messageId !== undefined)
    )
  }
}

/** The next batch mostly begins as this one ended, whichever device it is of. */
let lastMiddle: Middle | undefined

/** What may still change is written anew with the next batch. */
function isLasting(middle: Middle | undefined): boolean {
  return middle !== undefined && Object.isFrozen(middle.properties)
}

/** As JSON has it between quotes, in ASCII; most ids and names need no escapes, which is quickly seen. */
function escaped(text: string): string {
  if (/^[\w.:/ -]*$/.test(text)) return text
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function put(bytes: Buffer, to: Buffer, at: number): number {
  to.set(bytes, at)
  return at + bytes.length
}

/** A loop is quicker than a call for so few. */
function putFew(bytes: Buffer, to: Buffer, at: number): number {
  for (let index = 0; index < bytes.length; index++) to[at + index] = bytes[index] as number
  return at + bytes.length
}

/** For short texts, too, a loop is quicker. -1 for a text that does not stand in JSON and in ASCII as it is. */
function putPlain(text: string, to: Buffer, at: number): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < space || unit > tilde || unit === quote || unit === backslash) return -1
    to[at + index] = unit
  }
  return at + text.length
}
