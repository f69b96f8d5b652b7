/** One item of CBOR as RFC 8949 has it, byte for byte and without any haste; throws for what `cborPayload` refuses. */
export function referenceCbor(bytes: Buffer): unknown {
  const reader = { bytes, at: 0 }
  const value = item(reader, 0)
  if (reader.at !== bytes.length) throw new Error('trailing bytes')
  return value
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

const stop = Symbol('break')

function item(reader: Reader, depth: number): unknown {
  const value = itemOrBreak(reader, depth)
  if (value === stop) throw new Error('break')
  return value
}

function take(reader: Reader, length: number): Buffer {
  if (length > reader.bytes.length - reader.at) throw new Error('short')
  reader.at += length
  return reader.bytes.subarray(reader.at - length, reader.at)
}

function itemOrBreak(reader: Reader, depth: number): unknown {
  const head = take(reader, 1)[0] as number
  const [major, info] = [head >> 5, head & 31]
  if (head === 0xff) return stop
  if (major === 7) return simple(reader, info)
  if (info === 31 && (major === 4 || major === 5)) return container(reader, major, undefined, depth)
  if (info > 27) throw new Error('length')
  const argument = info < 24 ? BigInt(info) : BigInt(`0x${take(reader, 2 ** (info - 24)).toString('hex')}`)
  if (major === 0) return number(argument)
  if (major === 1) return number(-1n - argument)
  if (major === 2) return take(reader, Number(argument))
  if (major === 3)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(take(reader, Number(argument)))
  if (major === 6) return tagged(reader, argument, depth)
  return container(reader, major, argument, depth)
}

function number(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function container(reader: Reader, major: number, length: bigint | undefined, depth: number): unknown {
  const items: unknown[] = []
  const wanted = length === undefined ? undefined : length * (major === 5 ? 2n : 1n)
  if (wanted !== 0n && depth === 64) throw new Error('deep')
  while (wanted === undefined || BigInt(items.length) < wanted) {
    const next = itemOrBreak(reader, depth + 1)
    if (next === stop && wanted === undefined) break
    if (next === stop) throw new Error('break')
    items.push(next)
  }
  if (major === 4) return items
  if (items.length % 2 === 1) throw new Error('odd')
  const object: Record<string, unknown> = {}
  for (let index = 0; index < items.length; index += 2) {
    const key = items[index]
    const isKey = typeof key === 'string' || typeof key === 'bigint' || Number.isInteger(key)
    if (!isKey || Object.hasOwn(object, String(key))) throw new Error('key')
    Object.defineProperty(object, String(key), {
      value: items[index + 1],
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return object
}

function tagged(reader: Reader, tag: bigint, depth: number): unknown {
  if (depth === 64) throw new Error('deep')
  const head = reader.bytes[reader.at] ?? 0
  const value = item(reader, depth + 1)
  if (tag === 55799n) return value
  const isText = tag === 0n && head >> 5 === 3
  const isNumber = tag === 1n && typeof value === 'number' && (head >> 5 < 2 || head >= 0xf9)
  if (isText || isNumber) {
    const date = isText ? new Date(value as string) : new Date(Math.round((value as number) * 1000))
    // cbor-x leaves integers of eight bytes BigInts, which are no seconds to it.
    if (Number.isNaN(date.getTime()) || (isNumber && (head === 0x1b || head === 0x3b))) throw new Error('date')
    return date
  }
  if (
    (tag === 2n || tag === 3n) &&
    head >> 5 === 2 &&
    (head < 0x58 || head === 0x58) &&
    (value as Buffer).length <= 32
  ) {
    const big = BigInt(`0x0${(value as Buffer).toString('hex')}`)
    return number(tag === 2n ? big : -1n - big)
  }
  throw new Error('tag')
}

function simple(reader: Reader, info: number): unknown {
  if (info >= 20 && info < 24) return [false, true, null, undefined][info - 20]
  if (info === 25) return half(take(reader, 2).readUInt16BE())
  if (info === 26) return take(reader, 4).readFloatBE()
  if (info === 27) return take(reader, 8).readDoubleBE()
  throw new Error('simple')
}

/** RFC 8949, appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 1023
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent !== 31) return sign * (mantissa + 1024) * 2 ** (exponent - 25)
  return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
}
