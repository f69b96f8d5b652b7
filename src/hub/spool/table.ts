import { crc32c } from './crc32c.ts'

/**
 * Reads LevelDB's table files, to see whether they are sound: LevelDB itself does not look at the checksums of blocks that it compacts, and
 * ends the process when it finds keys out of order there.
 *
 * ```
 *  ┌───────────────┬───────────────┬─────┬────────┬───────────┬───────┬────────┐
 *  │ block of data │ block of data │  …  │ filter │ metaindex │ index │ footer │
 *  └───────────────┴───────────────┴─────┴────────┴───────────┴───────┴────────┘
 *  block:  entries │ restarts, u32 each │ their count, u32 │ kind, 1 │ masked CRC-32C of all before, u32
 *  entry:  shared, varint │ own, varint │ length of value, varint │ own bytes of the key │ value
 *  footer: metaindex handle │ index handle │ zeros up to 40 │ magic, 8        handle: offset, varint │ size, varint
 * ```
 *
 * Numbers are little-endian. A key ends with eight bytes of LevelDB's own, the first of which is 1 for a value and 0 for a deletion.
 */
const footerBytes = 48
const trailerBytes = 5
const magic = 0xdb4775248b80fb57n

/** What a table has that can be read. */
export interface TableContent {
  /** Blocks that are damaged, or 1 where the table says no more which blocks it has; 0 for a sound table. */
  readonly damagedBlocks: number
  /** Entries of the sound blocks, without deletions. Empty for a sound table, which LevelDB reads itself. */
  readonly entries: readonly { readonly key: Buffer; readonly value: Buffer }[]
}

interface Handle {
  readonly offset: number
  readonly size: number
}

/** Checks every block of a table. */
export function checkTable(table: Buffer): TableContent {
  const index = indexOf(table)
  if (index === undefined) return { damagedBlocks: 1, entries: [] }
  const sound = index.data.filter((handle) => isSound(table, handle))
  const damagedBlocks =
    index.data.length - sound.length + index.others.filter((handle) => !isSound(table, handle)).length
  if (damagedBlocks === 0) return { damagedBlocks, entries: [] }
  const entries = sound.flatMap((handle) => entriesOf(table, handle) ?? [])
  const values = entries.filter(({ key }) => key.length > 8 && key[key.length - 8] === 1)
  return { damagedBlocks, entries: values.map(({ key, value }) => ({ key: key.subarray(0, -8), value })) }
}

/** Handles of all blocks; undefined where they cannot be known. */
function indexOf(table: Buffer): { data: Handle[]; others: Handle[] } | undefined {
  const at = table.length - footerBytes
  if (at < 0 || table.readBigUInt64LE(at + 40) !== magic) return undefined
  const footer = new VarintReader(table, at, at + 40)
  const metaindex = footer.handle()
  const index = footer.handle()
  if (metaindex === undefined || index === undefined) return undefined
  const data = handlesIn(table, index)
  const filters = handlesIn(table, metaindex)
  return data && filters && { data, others: filters }
}

/** The handles that a block of handles has. */
function handlesIn(table: Buffer, handle: Handle): Handle[] | undefined {
  if (!isSound(table, handle)) return undefined
  const handles = entriesOf(table, handle)?.map(({ value }) => new VarintReader(value, 0, value.length).handle())
  return handles?.every((each) => each !== undefined) ? handles : undefined
}

function isSound(table: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size
  if (end + trailerBytes > table.length) return false
  const crc = crc32c(table, offset, end + 1)
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  return table.readUInt32LE(end + 1) === masked
}

/** Entries of a sound block; undefined where it is compressed, which a spool's are not, or makes no sense. */
function entriesOf(table: Buffer, { offset, size }: Handle): { key: Buffer; value: Buffer }[] | undefined {
  const end = offset + size
  if (size < 4 || table[end] !== 0) return undefined
  const reader = new VarintReader(table, offset, end - 4 - 4 * table.readUInt32LE(end - 4))
  const entries: { key: Buffer; value: Buffer }[] = []
  let before: Buffer = Buffer.alloc(0)
  while (reader.left > 0) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()]
    if (shared === undefined || own === undefined || length === undefined || shared > before.length) return undefined
    const rest = reader.bytes(own)
    const value = reader.bytes(length)
    if (rest === undefined || value === undefined) return undefined
    before = Buffer.concat([before.subarray(0, shared), rest])
    entries.push({ key: before, value })
  }
  return entries
}

/** Reads from one place to another; undefined for what would go beyond. */
class VarintReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, from: number, to: number) {
    this.#bytes = bytes
    this.#at = from
    this.#end = to
  }

  get left(): number {
    return this.#end - this.#at
  }

  varint(): number | undefined {
    let value = 0
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      if (this.left <= 0) return undefined
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    return undefined
  }

  handle(): Handle | undefined {
    const offset = this.varint()
    const size = this.varint()
    return offset === undefined || size === undefined ? undefined : { offset, size }
  }

  bytes(length: number): Buffer | undefined {
    if (length > this.left) return undefined
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
