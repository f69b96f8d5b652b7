import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { behind, refuse } from './source.ts'

/** Order of the bytes of a number: the most significant first, or the least. */
export type ByteOrder = 'big-endian' | 'little-endian'

/** A whole number of 1 to 8 bytes. */
class IntegerField implements NumberField {
  readonly role = 'value'
  readonly unit = undefined
  readonly note = undefined
  readonly type: string
  readonly minSize: number
  readonly fixedSize: number
  readonly min: number
  readonly max: number
  readonly #signed: boolean
  readonly #little: boolean

  constructor(bytes: number, signed: boolean, byteOrder: ByteOrder) {
    this.#signed = signed
    this.#little = byteOrder === 'little-endian'
    this.type = typeName(bytes, signed, byteOrder)
    this.minSize = bytes
    this.fixedSize = bytes
    this.min = signed ? -(2 ** (8 * bytes - 1)) : 0
    this.max = Math.min(2 ** (8 * bytes - (signed ? 1 : 0)) - 1, Number.MAX_SAFE_INTEGER)
  }

  read(source: DecodeSource, path: string): string {
    const value = source.leafOf(this.fixedSize, path, (offset) => this.#read(offset))
    if (this.fixedSize > 6) {
      source.line(`if (${value} > ${this.max}) throw run.range(\`${path}\`, ${value}, 0, ${this.max})`)
    }
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    const { min, max } = this
    const v = source.let(value)
    source.wholeNumber(v, path, min, max)
    const offset = source.take(this.fixedSize, path)
    this.#places(offset).forEach((place, index) => {
      // Stored in a byte each, of which the upper bits fall off by themselves.
      const part = index < 4 ? `${v} >> ${8 * index}` : `Math.floor(${v} / ${2 ** (8 * index)})`
      source.line(`w[${place}] = ${index === 0 ? v : part}`)
    })
  }

  make(sampler: Sampler): number {
    return sampler.integer(this.min, this.max)
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }

  /** The expressions of the places of its bytes, least significant first. */
  #places(offset: string): string[] {
    const inOrder = Array.from({ length: this.fixedSize }, (_, index) => behind(offset, index))
    return this.#little ? inOrder : inOrder.reverse()
  }

  #read(offset: string): string {
    const places = this.#places(offset)
    const low = places
      .slice(0, 4)
      .map((place, index) => (index === 0 ? `b[${place}]` : `b[${place}] << ${8 * index}`))
      .join(' | ')
    if (places.length < 4) {
      const shift = 32 - 8 * places.length
      return this.#signed ? `(${low}) << ${shift} >> ${shift}` : low
    }
    if (places.length === 4) return this.#signed ? low : `(${low}) >>> 0`
    const high = places
      .slice(4)
      .map((place, index) => (index === 0 ? `b[${place}]` : `b[${place}] << ${8 * index}`))
      .join(' | ')
    const shift = 64 - 8 * places.length
    return `(${this.#signed ? `(${high}) << ${shift} >> ${shift}` : `(${high}) >>> 0`}) * 4294967296 + ((${low}) >>> 0)`
  }
}

/** A whole number of 8 bytes, as a bigint. */
class BigIntegerField implements Field<bigint, 'value'> {
  readonly role = 'value'
  readonly unit = undefined
  readonly note = undefined
  readonly type: string
  readonly minSize = 8
  readonly fixedSize = 8
  readonly #min: bigint
  readonly #max: bigint
  readonly #signed: boolean
  readonly #little: boolean

  constructor(signed: boolean, byteOrder: ByteOrder) {
    this.#signed = signed
    this.#little = byteOrder === 'little-endian'
    this.type = typeName(8, signed, byteOrder)
    this.#min = signed ? -(2n ** 63n) : 0n
    this.#max = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n
  }

  read(source: DecodeSource, path: string): string {
    const method = `readBig${this.#signed ? 'I' : 'UI'}nt64${this.#little ? 'LE' : 'BE'}`
    return source.leafOf(this.fixedSize, path, (offset) => `b.${method}(${offset})`)
  }

  write(source: EncodeSource, value: string, path: string): void {
    const [min, max] = [this.#min, this.#max].map((each) => `${each}n`)
    const v = source.let(value)
    source.line(
      `if (typeof ${v} !== 'bigint' || ${v} < ${min} || ${v} > ${max}) throw run.range(\`${path}\`, ${v}, ${min}, ${max})`,
    )
    const method = `writeBig${this.#signed ? 'I' : 'UI'}nt64${this.#little ? 'LE' : 'BE'}`
    source.line(`w.${method}(${v}, ${source.take(this.fixedSize, path)})`)
  }

  make(sampler: Sampler): bigint {
    return sampler.bigint(this.#min, this.#max)
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

function typeName(bytes: number, signed: boolean, byteOrder: ByteOrder): string {
  return `${signed ? 'i' : 'u'}${8 * bytes}${byteOrder === 'little-endian' ? ' little-endian' : ''}`
}

function checked(bytes: number, most: number, byteOrder: ByteOrder): void {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > most) refuse(`an integer has 1 to ${most} bytes, not ${bytes}`)
  if (byteOrder !== 'big-endian' && byteOrder !== 'little-endian') {
    refuse(`byteOrder must be 'big-endian' or 'little-endian', not ${byteOrder}`)
  }
}

/**
 * A whole number from 0, of 1 to 8 bytes; of 7 and 8 bytes up to 2^53 - 1 only ({@link u64} holds them all). `BAD_CONTENT` for a value
 * beyond that.
 */
export function uint(bytes: number, byteOrder: ByteOrder = 'big-endian'): NumberField {
  checked(bytes, 8, byteOrder)
  return new IntegerField(bytes, false, byteOrder)
}

/** A whole number in two's complement, of 1 to 6 bytes. */
export function int(bytes: number, byteOrder: ByteOrder = 'big-endian'): NumberField {
  checked(bytes, 6, byteOrder)
  return new IntegerField(bytes, true, byteOrder)
}

/** An unsigned byte. */
export const u8: NumberField = uint(1)
/** An unsigned integer of 16 bits, most significant byte first. */
export const u16: NumberField = uint(2)
/** An unsigned integer of 16 bits, least significant byte first. */
export const u16le: NumberField = uint(2, 'little-endian')
/** An unsigned integer of 24 bits, most significant byte first. */
export const u24: NumberField = uint(3)
/** An unsigned integer of 24 bits, least significant byte first. */
export const u24le: NumberField = uint(3, 'little-endian')
/** An unsigned integer of 32 bits, most significant byte first. */
export const u32: NumberField = uint(4)
/** An unsigned integer of 32 bits, least significant byte first. */
export const u32le: NumberField = uint(4, 'little-endian')
/** An unsigned integer of 48 bits, most significant byte first. */
export const u48: NumberField = uint(6)
/** An unsigned integer of 48 bits, least significant byte first. */
export const u48le: NumberField = uint(6, 'little-endian')
/** A signed byte. */
export const i8: NumberField = int(1)
/** A signed integer of 16 bits, most significant byte first. */
export const i16: NumberField = int(2)
/** A signed integer of 16 bits, least significant byte first. */
export const i16le: NumberField = int(2, 'little-endian')
/** A signed integer of 24 bits, most significant byte first. */
export const i24: NumberField = int(3)
/** A signed integer of 24 bits, least significant byte first. */
export const i24le: NumberField = int(3, 'little-endian')
/** A signed integer of 32 bits, most significant byte first. */
export const i32: NumberField = int(4)
/** A signed integer of 32 bits, least significant byte first. */
export const i32le: NumberField = int(4, 'little-endian')
/** A signed integer of 48 bits, most significant byte first. */
export const i48: NumberField = int(6)
/** A signed integer of 48 bits, least significant byte first. */
export const i48le: NumberField = int(6, 'little-endian')
/** Integers of 8 bytes, as bigint. */
export const u64: Field<bigint, 'value'> = new BigIntegerField(false, 'big-endian')
/** As {@link u64}, least significant byte first. */
export const u64le: Field<bigint, 'value'> = new BigIntegerField(false, 'little-endian')
/** As {@link u64}, in two's complement. */
export const i64: Field<bigint, 'value'> = new BigIntegerField(true, 'big-endian')
/** As {@link i64}, least significant byte first. */
export const i64le: Field<bigint, 'value'> = new BigIntegerField(true, 'little-endian')
