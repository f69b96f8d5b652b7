import { GatewayError } from '../core/errors.ts'
import type { Check } from './check.ts'

/** What tells one CRC from another, as in the reveng catalogue (https://reveng.sourceforge.io/crc-catalogue/). */
export interface CrcParameters {
  /** Named in errors; default `CRC-` and the width. */
  readonly name?: string
  /** Bits of the CRC. */
  readonly width: 8 | 16 | 32
  /** The polynomial without its highest term, highest bit first also where the CRC is reflected: 0x8005, not 0xA001; odd. */
  readonly poly: number
  /** What the register holds at first. */
  readonly init: number
  /** Whether each byte enters with its lowest bit first. */
  readonly reflectIn: boolean
  /** Whether the bits of the register are turned round at the end. */
  readonly reflectOut: boolean
  /** Exclusive-ored with the register at the end. */
  readonly xorOut: number
}

/**
 * A CRC of your own, computed byte by byte from a table of 256.
 *
 * ```
 * crc({ name: 'CRC-16/GENIBUS', width: 16, poly: 0x1021, init: 0xffff, reflectIn: false, reflectOut: false, xorOut: 0xffff })
 *   31 32 33 34 35 36 37 38 39 ("123456789")      →     D64E
 * ```
 * `CONFIGURATION` for a width other than 8, 16 or 32, an even polynomial, and numbers that do not fit into the width.
 */
export function crc(parameters: CrcParameters): Check {
  const { width, reflectIn, reflectOut, xorOut, name = `CRC-${width}` } = parameters
  assertPossible(parameters)
  const table = reflectIn ? reflectedTable(parameters) : straightTable(parameters)
  // A straight register stands at the upper end of 32 bits, a reflected one at the lower: then one loop does for every width.
  const above = 32 - width
  const init = reflectIn ? reflect(parameters.init, width) : parameters.init << above
  return {
    name,
    size: width / 8,
    compute(bytes, from, to) {
      let register = init
      if (reflectIn) {
        for (let at = from; at < to; at++) {
          register = (table[(register ^ (bytes[at] as number)) & 0xff] as number) ^ (register >>> 8)
        }
      } else {
        for (let at = from; at < to; at++) {
          register = (table[(register >>> 24) ^ (bytes[at] as number)] as number) ^ (register << 8)
        }
        register >>>= above
      }
      if (reflectIn !== reflectOut) register = reflect(register, width)
      return (register ^ xorOut) >>> 0
    },
  }
}

function assertPossible({ width, poly, init, xorOut }: CrcParameters): void {
  if (![8, 16, 32].includes(width))
    throw new GatewayError('CONFIGURATION', `crc: width must be 8, 16 or 32, not ${width}`)
  for (const [name, value] of Object.entries({ poly, init, xorOut })) {
    if (Number.isInteger(value) && value >= 0 && value < 2 ** width) continue
    throw new GatewayError('CONFIGURATION', `crc: ${name} must be an integer of ${width} bits, not ${value}`)
  }
  if (poly % 2 === 0) {
    const message = `crc: poly must be odd and have its highest bit first, also where it is reflected, not 0x${poly.toString(16)}`
    throw new GatewayError('CONFIGURATION', message)
  }
}

function straightTable({ width, poly }: CrcParameters): Int32Array {
  const divisor = poly << (32 - width)
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let register = byte << 24
    for (let bit = 0; bit < 8; bit++) register = register < 0 ? (register << 1) ^ divisor : register << 1
    return register
  })
}

function reflectedTable({ width, poly }: CrcParameters): Int32Array {
  const divisor = reflect(poly, width)
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let register = byte
    for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ divisor : register >>> 1
    return register
  })
}

function reflect(value: number, width: number): number {
  let reflected = 0
  for (let bit = 0; bit < width; bit++) reflected |= ((value >>> bit) & 1) << (width - 1 - bit)
  return reflected
}
