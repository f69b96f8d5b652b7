/** A decimal number as it is written: `digits` times ten to the power of −`places`. */
interface Decimal {
  readonly digits: bigint
  /** From 0. */
  readonly places: number
}

/** A double has 15 digits of any decimal; one that is written with more is rounded already, such as 1 / 3. */
const digitsOfDouble = 15

/**
 * A whole number times `scale` plus `offset`, as one computes with decimals on paper: 3 times 0.1 is 0.3. Whole numbers are exact, as a
 * bigint where a double could not hold them and 64 bits can; others are the nearest double, or rounded to 15 digits where the scale or the
 * offset has more than those. `scale` and `offset` are finite.
 */
export function timesScale(whole: number | bigint, scale: number, offset: number): number | bigint {
  const [factor, shift] = [decimalOf(scale), decimalOf(offset)]
  const { digits, places } = sum({ digits: BigInt(whole) * factor.digits, places: factor.places }, shift)
  const one = powerOfTen(places)
  if (digits % one === 0n) return fitting(digits / one)
  const value = toNumber({ digits, places })
  return hasMoreDigits(factor) || hasMoreDigits(shift) ? Number(value.toPrecision(digitsOfDouble)) : value
}

/** The whole number nearest to what {@link timesScale} makes `value` of: the reverse. `value`, `scale` and `offset` are finite, `scale` is not 0. */
export function overScale(value: number, scale: number, offset: number): number {
  const [factor, shift] = [decimalOf(scale), decimalOf(offset)]
  const shifted = sum(decimalOf(value), { ...shift, digits: -shift.digits })
  const sign = factor.digits < 0n ? -1n : 1n
  const dividend = sign * shifted.digits * powerOfTen(factor.places)
  const divisor = sign * factor.digits * powerOfTen(shifted.places)
  return Number(floor(2n * dividend + divisor, 2n * divisor))
}

function decimalOf(number: number): Decimal {
  const [mantissa = '', exponent = '0'] = String(number).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = BigInt(whole + fraction)
  const places = fraction.length - Number(exponent)
  return places < 0 ? { digits: digits * powerOfTen(-places), places: 0 } : { digits, places }
}

function sum(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places)
  return { digits: a.digits * powerOfTen(places - a.places) + b.digits * powerOfTen(places - b.places), places }
}

function toNumber({ digits, places }: Decimal): number {
  return Number(`${digits}e-${places}`)
}

/** As a number where that holds every digit; beyond 64 bits the nearest, since no register has as many. */
function fitting(whole: bigint): number | bigint {
  const number = Number(whole)
  const isWithin64Bits = whole >= -(2n ** 63n) && whole < 2n ** 64n
  return Number.isSafeInteger(number) || !isWithin64Bits ? number : whole
}

function hasMoreDigits({ digits }: Decimal): boolean {
  return String(digits).replace(/^-|0+$/g, '').length > digitsOfDouble
}

function floor(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend % divisor < 0n ? quotient - 1n : quotient
}

function powerOfTen(power: number): bigint {
  return 10n ** BigInt(power)
}
