import { createHash } from 'node:crypto'

/** Lines are so long, their line break included, where nothing else is said. */
export const lineBytes = 100

/** Number of a device's first reading; all numbers have as many digits. */
export const firstSequence = 10_000_000

const linesInBlock = 655
const sequenceAt = '{"$seq":'.length
const sequenceDigits = 8

/**
 * A block of about 64 KiB of readings, the values drawn from the seed: six members each; two where lines are of 20 bytes, 32 nested ones where
 * they are of 1,024. `numbered` ones, of 100 bytes only, begin with the `$seq` that asks for an acknowledgement.
 */
export function lineBlock(seed: number, numbered: boolean, bytes = lineBytes): Buffer {
  const lineOf = bytes === lineBytes ? readingLine : bytes < lineBytes ? shortLine : longLine
  const count = Math.floor((linesInBlock * lineBytes) / bytes)
  return Buffer.from(Array.from({ length: count }, (_, index) => padded(lineOf(seed, index, numbered), bytes)).join(''))
}

/** A device's readings from `first` on: as many lines of the block as `count` wants, at most a block. */
export function takeLines(block: Buffer, numbered: boolean, first: number, count: number, bytes = lineBytes): Buffer {
  const part = block.subarray(0, Math.min(count * bytes, block.length))
  if (!numbered) return part
  const copy = Buffer.from(part)
  for (let at = 0, sequence = first; at < copy.length; at += lineBytes, sequence++) {
    copy.write(String(sequence), at + sequenceAt, sequenceDigits, 'latin1')
  }
  return copy
}

function shortLine(seed: number, index: number): string {
  const random = createHash('sha256').update(`${seed}:${index}`).digest()
  return `{"t":${10 + (random.readUInt16BE(0) % 90)}`
}

function longLine(seed: number, index: number): string {
  const random = createHash('sha512').update(`${seed}:${index}`).digest()
  const values = Array.from({ length: 32 }, (_, at) => `"v${at}":{"t":${random.readUInt16BE(at)},"q":${random[at]}}`)
  return `{${values.join(',')}`
}

function readingLine(seed: number, index: number, numbered: boolean): string {
  const random = createHash('sha256').update(`${seed}:${index}`).digest()
  const values = {
    ...(numbered && { $seq: firstSequence }),
    t: 15 + random.readUInt16BE(0) / 8192,
    rh: random.readUInt8(2) % 100,
    ok: random.readUInt8(3) < 250,
    n: random.readUInt32BE(4),
    id: random.toString('hex', 8, 12),
  }
  return JSON.stringify(values, (key, value: unknown) =>
    key === 't' ? Number((value as number).toFixed(3)) : value,
  ).slice(0, -1)
}

/** An object without its end, as a line of so many bytes. */
function padded(begun: string, bytes: number): string {
  const padding = bytes - begun.length - ',"x":""}\n'.length
  const random = createHash('sha256')
    .update(begun)
    .digest('base64')
    .repeat(Math.ceil(bytes / 44))
  return `${begun},"x":"${random.slice(0, padding)}"}\n`
}
