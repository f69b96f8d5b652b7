import { createHash } from 'node:crypto'

/** Every line is so long, its line break included. */
export const lineBytes = 100

/** Number of a device's first reading; all numbers have as many digits. */
export const firstSequence = 10_000_000

const linesInBlock = 655
const sequenceAt = '{"$seq":'.length
const sequenceDigits = 8

/**
 * A block of about 64 KiB of readings, six members each, the values drawn from the seed. `numbered` ones begin with the
 * `$seq` that asks for an acknowledgement.
 */
export function lineBlock(seed: number, numbered: boolean): Buffer {
  const lines = Array.from({ length: linesInBlock }, (_, index) => readingLine(seed, index, numbered))
  return Buffer.from(lines.join(''))
}

/** A device's readings from `first` on: as many lines of the block as `count` wants, at most a block. */
export function takeLines(block: Buffer, numbered: boolean, first: number, count: number): Buffer {
  const part = block.subarray(0, Math.min(count * lineBytes, block.length))
  if (!numbered) return part
  const copy = Buffer.from(part)
  for (let at = 0, sequence = first; at < copy.length; at += lineBytes, sequence++) {
    copy.write(String(sequence), at + sequenceAt, sequenceDigits, 'latin1')
  }
  return copy
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
  const head = JSON.stringify(values, (key, value: unknown) =>
    key === 't' ? Number((value as number).toFixed(3)) : value,
  )
  const padding = lineBytes - head.length - ',"x":""\n'.length
  return `${head.slice(0, -1)},"x":"${random.toString('base64').repeat(2).slice(0, padding)}"}\n`
}
