import { crc32 } from 'node:zlib'
import { type Telemetry, telemetry } from '../../core/items.ts'

/**
 * A message as it lies on disk; numbers are big-endian.
 *
 * ```
 *  0       1         5          9              17     18
 *  ┌───────┬─────────┬──────────┬──────────────┬──────┬─────────────────────┬─────────────────────────┬──────┐
 *  │ 1     │ CRC-32  │ length   │ storedAt, ms │ bits │ texts that bits name│ count, names and values │ body │
 *  └───────┴─────────┴──────────┴──────────────┴──────┴─────────────────────┴─────────────────────────┴──────┘
 *    version  of key,  of all     double         trust, messageId, …          u32, then texts
 *             and what
 *             follows
 * ```
 *
 * A text is its length in bytes (u32) and its UTF-8. The CRC covers the key, so that a record under a key that was damaged is known too.
 */
const headBytes = 18
const version = 1

const textFields = ['messageId', 'correlationId', 'contentType', 'contentEncoding', 'creationTimeUtc'] as const

/** What a record holds beside its message. */
export interface RecordContent {
  /** Milliseconds of `Date.now()`. */
  readonly storedAt: number
  readonly trust: string | undefined
  readonly message: Telemetry
}

/** Writes a record for its key. `value` and `tag` of the message are left out. */
export function encodeRecord(key: Buffer, { storedAt, trust, message }: RecordContent): Buffer {
  const texts: string[] = []
  let bits = 0
  for (const [at, value] of [trust, ...textFields.map((name) => message[name])].entries()) {
    if (value === undefined) continue
    bits |= 1 << at
    texts.push(value)
  }
  const names = Object.keys(message.properties)
  const pairs = names.flatMap((name) => [name, message.properties[name] as string])
  const sized = [...texts, ...pairs]
  let length = headBytes + 4 + message.body.length
  for (const each of sized) length += 4 + Buffer.byteLength(each)
  const record = Buffer.allocUnsafe(length)
  record[0] = version
  record.writeUInt32BE(length, 5)
  record.writeDoubleBE(storedAt, 9)
  record[17] = bits
  let at = headBytes
  const put = (value: string) => {
    const written = record.write(value, at + 4)
    record.writeUInt32BE(written, at)
    at += 4 + written
  }
  texts.forEach(put)
  at = record.writeUInt32BE(names.length, at)
  pairs.forEach(put)
  message.body.copy(record, at)
  record.writeUInt32BE(checkOf(key, record), 1)
  return record
}

/** When an undamaged record was stored; undefined for a damaged one. Does not read its message. */
export function storedAtOf(key: Buffer, record: Buffer): number | undefined {
  return isSound(key, record) ? record.readDoubleBE(9) : undefined
}

/** Reads a record; undefined for a damaged one. */
export function decodeRecord(key: Buffer, record: Buffer): RecordContent | undefined {
  if (!isSound(key, record)) return undefined
  let at = headBytes
  const text = (): string => {
    const start = at + 4
    at = start + record.readUInt32BE(at)
    return record.toString('utf8', start, at)
  }
  const bits = record[17] as number
  const [trust, messageId, correlationId, contentType, contentEncoding, creationTimeUtc] = [0, 1, 2, 3, 4, 5].map(
    (bit) => ((bits & (1 << bit)) === 0 ? undefined : text()),
  )
  const count = record.readUInt32BE(at)
  at += 4
  const pairs: [string, string][] = []
  for (let pair = 0; pair < count; pair++) pairs.push([text(), text()])
  const fields = { messageId, correlationId, contentType, contentEncoding, creationTimeUtc }
  const message = telemetry(record.subarray(at), {
    ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
      typeof fields
    >),
    ...(pairs.length > 0 && { properties: Object.fromEntries(pairs) }),
  })
  return { storedAt: record.readDoubleBE(9), trust, message }
}

/** Puts version, CRC and length around other content, such as what is known of a device. */
export function encodeNote(key: Buffer, content: Buffer): Buffer {
  const note = Buffer.concat([Buffer.alloc(9), content])
  note[0] = version
  note.writeUInt32BE(note.length, 5)
  note.writeUInt32BE(checkOf(key, note), 1)
  return note
}

/** The content of a note; undefined for a damaged one. */
export function decodeNote(key: Buffer, note: Buffer): Buffer | undefined {
  return isChecked(key, note) ? note.subarray(9) : undefined
}

function isSound(key: Buffer, record: Buffer): boolean {
  return record.length >= headBytes + 4 && isChecked(key, record)
}

function isChecked(key: Buffer, record: Buffer): boolean {
  if (record.length < 9 || record[0] !== version || record.readUInt32BE(5) !== record.length) return false
  return record.readUInt32BE(1) === checkOf(key, record)
}

function checkOf(key: Buffer, record: Buffer): number {
  return crc32(record.subarray(5), crc32(key))
}
