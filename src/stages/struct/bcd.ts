import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { refuse } from './source.ts'

class BcdField implements Field<string, 'value'> {
  readonly role = 'value'
  readonly type = 'BCD'
  readonly unit = undefined
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #digits: number

  constructor(digits: number) {
    this.#digits = digits
    this.note = `${digits} decimal digits, two a byte${digits % 2 === 1 ? ', a 0 before them' : ''}`
    this.minSize = Math.ceil(digits / 2)
    this.fixedSize = this.minSize
  }

  read(source: DecodeSource, path: string): string {
    const read = (offset: string) =>
      `run.decodeBcd(b, ${offset}, ${offset} + ${this.fixedSize}, ${this.#digits}, \`${path}\`)`
    return source.leafOf(this.fixedSize, path, read)
  }

  write(source: EncodeSource, value: string, path: string): void {
    const v = source.let(`run.encodeBcd(${value}, ${this.#digits}, \`${path}\`)`)
    source.line(`w.set(${v}, ${source.take(this.fixedSize, path)})`)
  }

  make(sampler: Sampler): string {
    return Array.from({ length: this.#digits }, () => sampler.pick('0123456789'.split(''))).join('')
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/**
 * Decimal digits, two a byte, as text: an IMEI, a telephone number. An odd number of them has a 0 in front. `BAD_CONTENT` for bytes
 * that are no decimal digits; {@link hex} takes them too.
 *
 * ```
 * bcd(15)     01 23 45 67 89 01 23 45   ↔   '123456789012345'
 * ```
 */
export function bcd(digits: number): Field<string, 'value'> {
  if (!Number.isInteger(digits) || digits < 1) refuse(`bcd has at least 1 digit, not ${digits}`)
  return new BcdField(digits)
}

class BcdNumberField implements NumberField {
  readonly role = 'value'
  readonly type = 'BCD number'
  readonly unit = undefined
  readonly note: string
  readonly min = 0
  readonly max: number
  readonly minSize: number
  readonly fixedSize: number

  constructor(bytes: number) {
    this.note = `${2 * bytes} decimal digits, two a byte`
    this.minSize = bytes
    this.fixedSize = bytes
    this.max = 10 ** (2 * bytes) - 1
  }

  read(source: DecodeSource, path: string): string {
    const read = (offset: string) => `run.decodeBcdNumber(b, ${offset}, ${offset} + ${this.fixedSize}, \`${path}\`)`
    return source.leafOf(this.fixedSize, path, read)
  }

  write(source: EncodeSource, value: string, path: string): void {
    const { max, fixedSize } = this
    const v = source.let(value)
    source.wholeNumber(v, path, 0, max)
    const digits = `String(${v}).padStart(${2 * fixedSize}, '0')`
    source.line(`w.set(run.encodeBcd(${digits}, ${2 * fixedSize}, \`${path}\`), ${source.take(fixedSize, path)})`)
  }

  make(sampler: Sampler): number {
    return sampler.integer(0, this.max)
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** A whole number of 1 to 7 bytes with two decimal digits each, such as `12 34` for 1234. */
export function bcdNumber(bytes: number): NumberField {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 7) refuse(`a BCD number has 1 to 7 bytes, not ${bytes}`)
  return new BcdNumberField(bytes)
}
