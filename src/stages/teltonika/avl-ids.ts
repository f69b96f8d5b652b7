import { GatewayError } from '../../core/errors.ts'
import type { IoValue } from './avl.ts'

/** What a value with some AVL id means. */
export interface AvlId {
  /** Its name in the body, best with its unit: `battery_voltage_mv`. */
  readonly name: string
  /** By which the raw number is multiplied; default 1. */
  readonly scale?: number
  /** True for two's complement; default false. */
  readonly signed?: boolean
}

/** Meanings by AVL id; they depend on the model of the device, see the vendor's AVL ID list of each. */
export type AvlIds = Readonly<Record<number, AvlId>>

/** Ids that mean the same on the FMB family. Source: Teltonika, FMB1YX Protocols V0.15. */
export const commonAvlIds: AvlIds = {
  1: { name: 'digital_input_1' },
  9: { name: 'analog_input_1_mv' },
  16: { name: 'odometer_m' },
  21: { name: 'gsm_signal' },
  66: { name: 'supply_voltage_mv' },
  67: { name: 'battery_voltage_mv' },
  181: { name: 'pdop', scale: 0.1 },
  182: { name: 'hdop', scale: 0.1 },
  200: { name: 'sleep_mode' },
  239: { name: 'ignition' },
  240: { name: 'movement' },
  241: { name: 'operator_code' },
}

/** Values by name. */
export type NamedValues = Readonly<Record<string, number | bigint | string>>

/**
 * The values whose ids are named, scaled. A value of 1 to 8 bytes is a number, a bigint where JavaScript's numbers do not hold it; of
 * other sizes its hexadecimal digits.
 *
 * ```
 * { id: 182, bytes: 2, hex: '000b' }   with { 182: { name: 'hdop', scale: 0.1 } }   →   { hdop: 1.1 }
 * ```
 */
export function namedValues(io: readonly IoValue[], ids: AvlIds): NamedValues {
  const values: Record<string, number | bigint | string> = {}
  for (const each of io) {
    const meaning = Object.hasOwn(ids, each.id) ? ids[each.id] : undefined
    if (meaning !== undefined) values[meaning.name] = valueNamed(each, meaning)
  }
  return values
}

function valueNamed({ bytes, hex }: IoValue, { scale, signed = false }: AvlId): number | bigint | string {
  if (bytes < 1 || bytes > 8) return hex
  const raw = BigInt(`0x${hex}`)
  const whole = signed ? BigInt.asIntN(8 * bytes, raw) : raw
  const number = Number(whole)
  // Fifteen digits: the product of a number and 0.1 has others behind them that nobody measured.
  if (scale !== undefined) return Number((number * scale).toPrecision(15))
  return Number.isSafeInteger(number) ? number : whole
}

/** Throws `CONFIGURATION` for meanings that cannot be: no name, one name twice, a scale that is no number. */
export function checkAvlIds(ids: AvlIds): void {
  const names = new Set<string>()
  for (const [id, { name, scale = 1 }] of Object.entries(ids)) {
    if (typeof name !== 'string' || name === '') refuse(`${id} has no name`)
    if (names.has(name)) refuse(`two have the name ${name}`)
    if (!Number.isFinite(scale) || scale === 0) refuse(`the scale of ${name} is ${scale}`)
    names.add(name)
  }
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `teltonika: avlIds: ${message}`)
}
