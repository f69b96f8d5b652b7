import { GatewayError } from '../core/errors.ts'

/** The number itself where it is whole and from `min` to `max`; else throws `CONFIGURATION` that names owner, option, value and range. */
export function wholeInRange(owner: string, option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `${owner}: ${option} must be an integer from ${min} to ${max}, not ${value}`)
}
