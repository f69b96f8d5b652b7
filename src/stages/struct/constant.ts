import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import { refuse } from './source.ts'

const hidden = { role: 'hidden', unit: undefined } as const

class ConstantField implements Field<undefined, 'hidden'> {
  readonly role = hidden.role
  readonly unit = hidden.unit
  readonly type: string
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  /** What it always is. */
  readonly value: number
  readonly #of: NumberField

  constructor(of: NumberField, value: number) {
    if (!Number.isInteger(value) || value < of.min || value > of.max) {
      refuse(`a constant of ${of.type} must be from ${of.min} to ${of.max}, not ${value}`)
    }
    this.#of = of
    this.value = value
    this.type = of.type
    this.note = `always ${value}`
    this.minSize = of.fixedSize
    this.fixedSize = of.fixedSize
  }

  read(source: DecodeSource, path: string): string {
    const value = this.#of.read(source, path)
    source.line(`if (${value} !== ${this.value}) throw run.differs(\`${path}\`, ${value}, ${this.value})`)
    return value
  }

  write(source: EncodeSource, _value: string, path: string): void {
    this.#of.write(source, String(this.value), path)
  }

  make(): undefined {}

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** A number that is always the same: not part of the value, `BAD_CONTENT` where the device sends another. */
export function constant(of: NumberField, value: number): Field<undefined, 'hidden'> {
  return new ConstantField(of, value)
}

/** True for a field that {@link constant} made. */
export function isConstant(of: Field<unknown>): of is ConstantField {
  return of instanceof ConstantField
}

class MarkField implements Field<undefined, 'hidden'> {
  readonly role = hidden.role
  readonly unit = hidden.unit
  readonly type = 'bytes'
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    if (bytes.length === 0) refuse('a mark must not be empty')
    this.#bytes = bytes
    this.note = `always ${spaced(bytes)}`
    this.minSize = bytes.length
    this.fixedSize = bytes.length
  }

  read(source: DecodeSource, path: string): string {
    const { fixedSize } = this
    const mark = source.constant(this.#bytes)
    const found = source.leafOf(fixedSize, path, (offset) => `b.subarray(${offset}, ${offset} + ${fixedSize})`)
    source.line(`if (!${found}.equals(${mark})) throw run.differs(\`${path}\`, ${found}, ${mark})`)
    return found
  }

  write(source: EncodeSource, _value: string, path: string): void {
    source.line(`w.set(${source.constant(this.#bytes)}, ${source.take(this.fixedSize, path)})`)
  }

  make(): undefined {}

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** Bytes as pairs of digits. */
export function spaced(bytes: Buffer): string {
  return (bytes.toString('hex').toUpperCase().match(/../g) ?? []).join(' ')
}

/** Bytes that are always the same, such as a start mark; a string stands for its UTF-8. Not part of the value. */
export function mark(bytes: Buffer | string): Field<undefined, 'hidden'> {
  return new MarkField(Buffer.from(bytes))
}

class PaddingField implements Field<undefined, 'hidden'> {
  readonly role = hidden.role
  readonly unit = hidden.unit
  readonly type = 'padding'
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #byte: number

  constructor(size: number, byte: number) {
    if (!Number.isInteger(size) || size < 1) refuse(`padding has at least 1 byte, not ${size}`)
    if (!Number.isInteger(byte) || byte < 0 || byte > 255) refuse(`padding is filled with a byte, not ${byte}`)
    this.#byte = byte
    this.note = `written as ${spaced(Buffer.of(byte))}, not looked at`
    this.minSize = size
    this.fixedSize = size
  }

  read(source: DecodeSource, path: string): string {
    const { fixedSize } = this
    const offset = source.take(fixedSize, path)
    const end = `${offset} + ${fixedSize}`
    source.leaf(path, offset, end, `b.subarray(${offset}, ${end})`)
    return 'undefined'
  }

  write(source: EncodeSource, _value: string, path: string): void {
    const offset = source.take(this.fixedSize, path)
    source.line(`w.fill(${this.#byte}, ${offset}, ${offset} + ${this.fixedSize})`)
  }

  make(): undefined {}

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** Bytes that mean nothing: read over, and filled with `byte` (default 0). Not part of the value. */
export function padding(size: number, byte = 0): Field<undefined, 'hidden'> {
  return new PaddingField(size, byte)
}
