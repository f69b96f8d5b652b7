import type { Properties, Telemetry } from '../core/items.ts'
import { billableBlockBytes, billableBlocks } from '../core/message-size.ts'
import type { BodyPool } from './body-pool.ts'

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
 * The body is of `pool` where it was taken from there, and may be given back to it in any case.
 */
export function encodedBatch(messages: readonly Telemetry[], pool: BodyPool): EncodedBatch {
  if (messages.length === 0) return { body: Buffer.from('[]'), billable: 0 }
  // Most ids need no escapes, which is seen at no cost while they are written.
  return batchOfPlainIds(messages, pool) ?? batchOfAnyIds(messages)
}

/** Undefined where an id has a character that JSON has not between quotes, or that is not ASCII. */
function batchOfPlainIds(messages: readonly Telemetry[], pool: BodyPool): EncodedBatch | undefined {
  // Counted first, then written once to where it stays: a text that is put together and made bytes of takes longer.
  const middles = new Array<Middle>(messages.length)
  let size = 1
  let ids = ''
  let billable = 0
  let middle = isLasting(lastMiddle) ? lastMiddle : undefined
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as Telemetry
    if (!middle?.suits(message)) middle = new Middle(message)
    middles[index] = middle
    const { bytes, closing } = middle
    const id = message.messageId ?? ''
    const entry = opening.length + base64Length(message.body) + bytes.length + id.length + closing.length
    size += entry
    ids += id
    // Nothing is shorter here than as the quota counts it.
    billable += entry <= billableBlockBytes ? 1 : billableBlocks(message)
  }
  lastMiddle = middle
  // At once: asking a text for its characters one by one costs twice as much.
  if (idBytes.write(ids, 'utf8') !== ids.length) return undefined
  const batch = pool.take(size)
  const words = new DataView(batch.buffer, batch.byteOffset, size)
  let at = 0
  let idFrom = 0
  for (let index = 0; index < messages.length; index++) {
    const { body, messageId } = messages[index] as Telemetry
    const { bytes, closing } = middles[index] as Middle
    at = putFew(opening, batch, at)
    if (body.length <= longestByHand) at = putBase64(body, words, at)
    else at += batch.write(body.toString('base64'), at, 'latin1')
    at = put(bytes, batch, at)
    if (messageId !== undefined) {
      const idEnd = idFrom + messageId.length
      at = putPlain(idFrom, idEnd, batch, at)
      if (at < 0) {
        pool.giveBack(batch)
        return undefined
      }
      idFrom = idEnd
    }
    at = putFew(closing, batch, at)
  }
  // Where the first entry has its comma the array begins.
  batch[0] = leftBracket
  batch[at] = rightBracket
  return { body: batch, billable }
}

/** Where the ids of a batch are put together: those of 500 messages that are as long as the hub allows. More are written as any ids are. */
const idBytes = Buffer.allocUnsafeSlow(500 * 128)

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Two digits of base64 for 12 bits, the first in the lower byte. */
const base64Pairs = Uint16Array.from({ length: 4096 }, (_, bits) => {
  return base64Digits.charCodeAt(bits >> 6) | (base64Digits.charCodeAt(bits & 63) << 8)
})

function base64Length(body: Buffer): number {
  return Math.ceil(body.length / 3) * 4
}

/** Of a longer body the text that Node makes of it is quicker, though it is as much memory once more. */
const longestByHand = 240

/** Written out, since Node has no way to it but through a text. */
function putBase64(body: Buffer, to: DataView, from: number): number {
  const { length } = body
  const whole = length - 2
  let at = from
  let index = 0
  for (; index < whole; index += 3) {
    const second = body[index + 1] as number
    const former = base64Pairs[((body[index] as number) << 4) | (second >> 4)] as number
    const latter = base64Pairs[((second & 0xf) << 8) | (body[index + 2] as number)] as number
    to.setUint32(at, former | (latter << 16), true)
    at += 4
  }
  if (index === length) return at
  const second = index + 1 < length ? (body[index + 1] as number) : 0
  to.setUint16(at, base64Pairs[((body[index] as number) << 4) | (second >> 4)] as number, true)
  to.setUint16(at + 2, base64Pairs[(second & 0xf) << 8] as number, true)
  to.setUint8(at + 3, equals)
  if (index + 1 === length) to.setUint8(at + 2, equals)
  return at + 4
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

/** -1 for an id that does not stand in JSON as it is. */
function putPlain(idFrom: number, idEnd: number, to: Buffer, at: number): number {
  let end = at
  for (let from = idFrom; from < idEnd; from++) {
    const byte = idBytes[from] as number
    if (byte < space || byte > tilde || byte === quote || byte === backslash) return -1
    to[end++] = byte
  }
  return end
}
