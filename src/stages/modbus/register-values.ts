import { GatewayError } from '../../core/errors.ts'
import { overScale, timesScale } from './decimal-scale.ts'
import { type Bit, bitsOf, bytesOfBits } from './packed-bits.ts'

/** How registers are read: integers of 16, 32 or 64 bits without (u) or with a sign (i), floats, or a register as 16 bits. */
export type RegisterType = 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64' | 'bits'

/** How registers become a value. */
export interface ValueForm {
  readonly type: RegisterType
  /** Order of the registers of a value: `big-endian` (default), the most significant first; `little-endian`, the least. */
  readonly wordOrder?: 'big-endian' | 'little-endian' | undefined
  /** Order of the two bytes in each register; default `big-endian`, as the specification has it. */
  readonly byteOrder?: 'big-endian' | 'little-endian' | undefined
  /** The value is the number read, times this, plus `offset`; default 1. */
  readonly scale?: number | undefined
  /** Default 0. */
  readonly offset?: number | undefined
}

/** A value that registers hold: a number, as a bigint where a double could not hold it, or the bits of a register, least significant first. */
export type RegisterValue = number | bigint | readonly Bit[]

/** Registers that a value of a type takes. */
export const registersOf: Readonly<Record<RegisterType, number>> = {
  u16: 1,
  i16: 1,
  u32: 2,
  i32: 2,
  u64: 4,
  i64: 4,
  f32: 2,
  f64: 4,
  bits: 1,
}

/**
 * The value of as many registers as its type takes.
 *
 * ```
 * 436B 5AB4   f32                             →   235.354…
 * 5AB4 436B   f32, wordOrder little-endian    →   235.354…
 * 04B6        u16, scale 0.01                 →   12.06
 * 8001        bits                            →   [1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]
 * ```
 * Integers are scaled as decimals, so that 3 times 0.1 is 0.3, and keep every digit that a number can hold.
 */
export function registerValue(registers: readonly number[], form: ValueForm): RegisterValue {
  const bytes = ordered(bytesOf(registers), form)
  if (form.type === 'bits') return bitsOf(swapped(bytes))
  return scaled(readNumber(bytes, form.type), form)
}

/** The reverse of {@link registerValue}. Errors: `BAD_CONTENT` for what is no value of the type, or is out of its range. */
export function registersFor(value: unknown, form: ValueForm): number[] {
  const bytes = Buffer.alloc(2 * registersOf[form.type])
  if (form.type === 'bits') bytesOfBits(sixteenBits(value)).swap16().copy(bytes)
  else writeNumber(bytes, form.type, unscaled(value, form))
  const wire = ordered(bytes, form)
  return Array.from({ length: wire.length / 2 }, (_, at) => wire.readUInt16BE(2 * at))
}

function bytesOf(registers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * registers.length)
  for (const [at, register] of registers.entries()) bytes.writeUInt16BE(register, 2 * at)
  return bytes
}

/** Bytes in the order of the wire with the most significant first, and the reverse, which is the same. Turned in place. */
function ordered(bytes: Buffer, { wordOrder, byteOrder }: ValueForm): Buffer {
  // All bytes turned round turns the words round and the bytes within each.
  if (wordOrder === 'little-endian') bytes.reverse().swap16()
  if (byteOrder === 'little-endian') bytes.swap16()
  return bytes
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes).swap16()
}

function readNumber(bytes: Buffer, type: Exclude<RegisterType, 'bits'>): number | bigint {
  switch (type) {
    case 'u16':
      return bytes.readUInt16BE()
    case 'i16':
      return bytes.readInt16BE()
    case 'u32':
      return bytes.readUInt32BE()
    case 'i32':
      return bytes.readInt32BE()
    case 'u64':
      return bytes.readBigUInt64BE()
    case 'i64':
      return bytes.readBigInt64BE()
    case 'f32':
      return bytes.readFloatBE()
    case 'f64':
      return bytes.readDoubleBE()
  }
}

function scaled(read: number | bigint, { type, scale = 1, offset = 0 }: ValueForm): number | bigint {
  if (scale === 1 && offset === 0) return exact(read)
  return isFloat(type) ? Number(read) * scale + offset : timesScale(read, scale, offset)
}

/** As a number where that holds every digit. */
function exact(read: number | bigint): number | bigint {
  return typeof read === 'bigint' && Number.isSafeInteger(Number(read)) ? Number(read) : read
}

function unscaled(value: unknown, { type, scale = 1, offset = 0 }: ValueForm): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad(`a ${type} takes a number`)
  return isFloat(type) ? (value - offset) / scale : overScale(value, scale, offset)
}

function isFloat(type: RegisterType): boolean {
  return type === 'f32' || type === 'f64'
}

const bitsOfInteger: Readonly<Record<string, number>> = { u16: 16, i16: 16, u32: 32, i32: 32, u64: 64, i64: 64 }

function writeNumber(bytes: Buffer, type: Exclude<RegisterType, 'bits'>, value: number): void {
  if (type === 'f64') {
    bytes.writeDoubleBE(value)
    return
  }
  if (type === 'f32') {
    if (!Number.isFinite(Math.fround(value))) throw bad(`${value} is out of the range of an f32`)
    bytes.writeFloatBE(value)
    return
  }
  const width = bitsOfInteger[type] as number
  const signed = type.startsWith('i')
  const least = signed ? -(2 ** (width - 1)) : 0
  const most = 2 ** (signed ? width - 1 : width) - 1
  if (value < least || value > most) {
    throw bad(`${value}, in units of the register, is out of the range ${least} to ${most} of a ${type}`)
  }
  if (!Number.isSafeInteger(value)) throw bad(`${value} has more digits than a number in JSON can hold`)
  const whole = BigInt.asUintN(width, BigInt(value))
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number((whole >> BigInt(width - 8 - 8 * at)) & 0xffn)
}

function sixteenBits(value: unknown): readonly Bit[] {
  if (Array.isArray(value) && value.length === 16 && value.every((each) => each === 0 || each === 1)) return value
  throw bad('a register of bits takes a list of 16, each 0 or 1, least significant first')
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
