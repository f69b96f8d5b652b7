import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field } from './field.ts'
import type { ByteOrder } from './integers.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { behind, checkName, refuse } from './source.ts'

/** Some of the bits of a group: a number, a boolean, or nothing. Made by {@link uintBits}, {@link intBits}, {@link bit}, {@link unusedBits}. */
export interface BitField<T> {
  readonly kind: 'unsigned' | 'signed' | 'boolean' | 'unused'
  /** 1 to 53; a boolean has 1. */
  readonly width: number
  /** For the compiler only; never set. */
  readonly value?: T
}

function bitField<T>(kind: BitField<T>['kind'], width: number): BitField<T> {
  if (!Number.isInteger(width) || width < 1 || width > 53) refuse(`a number has 1 to 53 bits, not ${width}`)
  return { kind, width }
}

/** A number of so many bits, from 0. */
export function uintBits(width: number): BitField<number> {
  return bitField('unsigned', width)
}

/** A number of so many bits in two's complement. */
export function intBits(width: number): BitField<number> {
  return bitField('signed', width)
}

/** One bit: true where it is set. */
export const bit: BitField<boolean> = bitField('boolean', 1)

/** So many bits that mean nothing: read over, written as 0. */
export function unusedBits(width: number): BitField<never> {
  return bitField('unused', width)
}

type BitFields = Readonly<Record<string, BitField<unknown>>>

type BitValues<F extends BitFields> = {
  -readonly [K in keyof F as F[K] extends BitField<never> ? never : K]: F[K] extends BitField<infer T> ? T : never
}

/** A part of a number that lies in one byte: bits `shift` and up of the number stand at bit `low` and up of the byte. */
interface Part {
  readonly byte: number
  readonly low: number
  readonly width: number
  readonly shift: number
}

class BitsField<F extends BitFields> implements Field<BitValues<F>, 'value'> {
  readonly role = 'value'
  readonly type = 'bits'
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #fields: { readonly name: string; readonly of: BitField<unknown>; readonly first: number }[] = []
  readonly #little: boolean

  constructor(fields: F, byteOrder: ByteOrder) {
    this.#little = byteOrder === 'little-endian'
    let first = 0
    for (const [name, of] of Object.entries(fields)) {
      checkName(name, 'a field of bits')
      this.#fields.push({ name, of, first })
      first += of.width
    }
    if (first === 0 || first % 8 !== 0) refuse(`bits must fill whole bytes, not ${first} bits`)
    this.fixedSize = first / 8
    this.minSize = this.fixedSize
    this.note = `most significant first${this.#little ? ', little-endian' : ''}`
  }

  read(source: DecodeSource, path: string): string {
    const offset = source.take(this.fixedSize, path)
    const members: string[] = []
    for (const { name, of, first } of this.#fields) {
      if (of.kind === 'unused') continue
      const value = source.let(this.#read(offset, of, first))
      source.leaf(`${path}.${name}`, offset, `${offset} + ${this.fixedSize}`, value)
      members.push(`${name}: ${value}`)
    }
    return source.let(`{ ${members.join(', ')} }`)
  }

  write(source: EncodeSource, value: string, path: string): void {
    const o = source.object(value, path)
    const bytes: string[][] = Array.from({ length: this.fixedSize }, () => [])
    for (const { name, of, first } of this.#fields) {
      if (of.kind === 'unused') continue
      const v = source.let(`${o}.${name}`)
      this.#check(source, of, v, `${path}.${name}`)
      for (const { byte, low, width, shift } of this.#parts(of, first)) {
        const mask = 2 ** width - 1
        const part = shift + width <= 32 ? `${v} >> ${shift}` : `Math.floor(${v} / ${2 ** shift})`
        bytes[byte]?.push(`(${part} & ${mask}) << ${low}`)
      }
    }
    const offset = source.take(this.fixedSize, path)
    bytes.forEach((parts, index) => {
      source.line(`w[${behind(offset, index)}] = ${parts.length === 0 ? '0' : parts.join(' | ')}`)
    })
  }

  make(sampler: Sampler): BitValues<F> {
    const value: Record<string, unknown> = {}
    for (const { name, of } of this.#fields) {
      if (of.kind === 'unused') continue
      const [min, max] = limits(of)
      const make = () => (of.kind === 'boolean' ? sampler.boolean() : sampler.integer(min, max))
      value[name] = sampler.member(name, make)
    }
    return value as BitValues<F>
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
    const bits = 8 * this.fixedSize
    for (const { name: own, of, first } of this.#fields) {
      const high = bits - 1 - first
      const low = high - of.width + 1
      page.part(`${name}.${own}`, high === low ? `bit ${high}` : `bits ${high}–${low}`, of.kind)
    }
  }

  #check(source: EncodeSource, of: BitField<unknown>, v: string, path: string): void {
    if (of.kind === 'boolean') {
      source.ofType(v, 'boolean', path, 'true or false')
      return
    }
    const [min, max] = limits(of)
    source.wholeNumber(v, path, min, max)
  }

  #read(offset: string, of: BitField<unknown>, first: number): string {
    const terms = this.#parts(of, first).map(({ byte, low, width, shift }) => {
      const shifted = low === 0 ? `b[${behind(offset, byte)}]` : `b[${behind(offset, byte)}] >> ${low}`
      const part = low + width === 8 ? `(${shifted})` : `(${shifted} & ${2 ** width - 1})`
      if (shift === 0) return part
      return of.width < 32 ? `(${part} << ${shift})` : `${part} * ${2 ** shift}`
    })
    const value = terms.join(of.width < 32 ? ' | ' : ' + ')
    if (of.kind === 'boolean') return `(${value}) === 1`
    if (of.kind === 'unsigned') return value
    if (of.width < 32) return `(${value}) << ${32 - of.width} >> ${32 - of.width}`
    return `(${value}) - ((${terms.at(0)} >= ${2 ** (of.width - 1)}) ? ${2 ** of.width} : 0)`
  }

  /** Where the bits of a field lie, those of most weight first. */
  #parts(of: BitField<unknown>, first: number): Part[] {
    const parts: Part[] = []
    for (let at = first; at < first + of.width; ) {
      const width = Math.min(8 - (at % 8), first + of.width - at)
      const inOrder = Math.floor(at / 8)
      const byte = this.#little ? this.fixedSize - 1 - inOrder : inOrder
      parts.push({ byte, low: 8 - (at % 8) - width, width, shift: first + of.width - at - width })
      at += width
    }
    return parts
  }
}

function limits({ kind, width }: BitField<unknown>): [number, number] {
  return kind === 'signed' ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1]
}

/**
 * Numbers and booleans of a few bits each, which fill whole bytes together; listed from the most significant bit on, as protocol
 * documents draw them. With `little-endian` the bytes are those of one number whose least significant byte comes first.
 *
 * ```
 * bits({ version: uintBits(2), acknowledged: bit, kind: uintBits(5) })     A3   ↔   { version: 2, acknowledged: true, kind: 3 }
 * ```
 */
export function bits<const F extends BitFields>(
  fields: F,
  byteOrder: ByteOrder = 'big-endian',
): Field<BitValues<F>, 'value'> {
  return new BitsField(fields, byteOrder)
}
