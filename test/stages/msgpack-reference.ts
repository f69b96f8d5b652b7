/** One MessagePack value as its specification has it, byte for byte and without any haste; throws for what `msgpackPayload` refuses. */
export function referenceMsgpack(bytes: Buffer): unknown {
  const reader = { bytes, at: 0 }
  const value = read(reader, 0)
  if (reader.at !== bytes.length) throw new Error('trailing bytes')
  return value
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

function take(reader: Reader, length: number): Buffer {
  if (length > reader.bytes.length - reader.at) throw new Error('short')
  reader.at += length
  return reader.bytes.subarray(reader.at - length, reader.at)
}

function uint(reader: Reader, size: number): number {
  return take(reader, size).readUIntBE(0, size)
}

function read(reader: Reader, depth: number): unknown {
  const head = uint(reader, 1)
  if (head < 0x80) return head
  if (head >= 0xe0) return head - 0x100
  if (head < 0x90) return map(reader, head & 15, depth)
  if (head < 0xa0) return list(reader, head & 15, depth)
  if (head < 0xc0) return text(reader, head & 31)
  switch (head) {
    case 0xc0:
      return null
    case 0xc2:
    case 0xc3:
      return head === 0xc3
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return take(reader, uint(reader, 2 ** (head - 0xc4)))
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return timestamp(reader, uint(reader, 2 ** (head - 0xc7)))
    case 0xca:
      return take(reader, 4).readFloatBE()
    case 0xcb:
      return take(reader, 8).readDoubleBE()
    case 0xcc:
    case 0xcd:
    case 0xce:
      return uint(reader, 2 ** (head - 0xcc))
    case 0xcf:
      return number(take(reader, 8).readBigUInt64BE())
    case 0xd0:
    case 0xd1:
    case 0xd2:
      return take(reader, 2 ** (head - 0xd0)).readIntBE(0, 2 ** (head - 0xd0))
    case 0xd3:
      return number(take(reader, 8).readBigInt64BE())
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return timestamp(reader, 2 ** (head - 0xd4))
    case 0xd9:
    case 0xda:
    case 0xdb:
      return text(reader, uint(reader, 2 ** (head - 0xd9)))
    case 0xdc:
    case 0xdd:
      return list(reader, uint(reader, head === 0xdc ? 2 : 4), depth)
    case 0xde:
    case 0xdf:
      return map(reader, uint(reader, head === 0xde ? 2 : 4), depth)
    default:
      throw new Error('head')
  }
}

function number(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function text(reader: Reader, length: number): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(take(reader, length))
}

function list(reader: Reader, length: number, depth: number): unknown[] {
  if (length > 0 && depth === 64) throw new Error('deep')
  const items: unknown[] = []
  while (items.length < length) items.push(read(reader, depth + 1))
  return items
}

function map(reader: Reader, length: number, depth: number): object {
  const items = list(reader, 2 * length, depth)
  const seen = new Map<string, unknown>()
  for (let index = 0; index < items.length; index += 2) {
    const key = items[index]
    const isKey = typeof key === 'string' || typeof key === 'bigint' || Number.isInteger(key)
    if (!isKey || seen.has(String(key))) throw new Error('key')
    seen.set(String(key), items[index + 1])
  }
  return Object.fromEntries(seen)
}

function timestamp(reader: Reader, length: number): Date {
  if (uint(reader, 1) !== 0xff) throw new Error('extension')
  const bytes = take(reader, length)
  let ms: number
  if (length === 4) ms = bytes.readUInt32BE() * 1000
  else if (length === 8) {
    const both = bytes.readBigUInt64BE()
    ms = Number(both & (2n ** 34n - 1n)) * 1000 + Number(both >> 34n) / 1e6
  } else if (length === 12) ms = Number(bytes.readBigInt64BE(4)) * 1000 + bytes.readUInt32BE() / 1e6
  else throw new Error('extension')
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) throw new Error('date')
  return date
}
