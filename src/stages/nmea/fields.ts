import { GatewayError } from '../../core/errors.ts'

/** The fields of a sentence by their number from 0; one that is missing is as one that is empty: not available. */
export class Fields {
  readonly #fields: readonly string[]

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  get count(): number {
    return this.#fields.length
  }

  /** Null where it is empty. */
  text(at: number): string | null {
    return this.#fields[at] || null
  }

  /** Whether a status is A; null where there is none. */
  valid(at: number): boolean | null {
    const text = this.text(at)
    return text === null ? null : text === 'A'
  }

  /** A decimal number; `BAD_CONTENT` for anything else. */
  number(at: number): number | null {
    const text = this.text(at)
    if (text === null) return null
    const number = Number(text)
    // With hundreds of digits it is Infinity.
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text) || !Number.isFinite(number)) throw this.#bad(at, 'a number')
    return number
  }

  /** A number without decimals. */
  integer(at: number): number | null {
    const number = this.number(at)
    if (number !== null && !Number.isSafeInteger(number)) throw this.#bad(at, 'a whole number')
    return number
  }

  /** An angle with E or W in the next field; west is below 0. Null where nobody can tell to which side: no letter, or a minus and W. */
  eastward(at: number): number | null {
    const size = this.number(at)
    const side = this.text(at + 1)
    if (size === null || side === null) return null
    return size < 0 && side === 'W' ? null : this.#sided(at, size, 'E', 'W')
  }

  /** `ddmm.mmmm` and N or S in the next field, in degrees; south is below 0. */
  latitude(at: number): number | null {
    return this.#degrees(at, 'N', 'S', 90)
  }

  /** `dddmm.mmmm` and E or W in the next field, in degrees; west is below 0. */
  longitude(at: number): number | null {
    return this.#degrees(at, 'E', 'W', 180)
  }

  #degrees(at: number, positive: string, negative: string, limit: number): number | null {
    const size = this.number(at)
    if (size === null) return null
    if (size < 0) throw this.#bad(at, `without a sign: ${positive} or ${negative} says the side`)
    const packed = this.#sided(at, size, positive, negative)
    const degrees = Math.floor(size / 100)
    const minutes = size - degrees * 100
    const whole = degrees + minutes / 60
    if (minutes >= 60 || whole > limit) throw this.#bad(at, `degrees and minutes up to ${limit}`)
    // Seven decimals are a centimetre; behind them stands what the division made up.
    return Number((packed < 0 ? -whole : whole).toFixed(7))
  }

  /** The number with its sign by the next field: turned round where that is `negative`. */
  #sided(at: number, size: number, positive: string, negative: string): number {
    const side = this.text(at + 1)
    if (side !== positive && side !== negative) throw this.#bad(at + 1, `${positive} or ${negative}`)
    // No minus zero.
    return side === negative && size !== 0 ? -size : size
  }

  /** `hhmmss.ss` as hh:mm:ss.ss, in UTC. */
  time(at: number): string | null {
    const text = this.text(at)
    if (text === null) return null
    const [, hours, minutes, seconds] = /^(\d\d)(\d\d)(\d\d(?:\.\d*)?)$/.exec(text) ?? []
    // 60: a leap second.
    if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) >= 61) {
      throw this.#bad(at, 'a time hhmmss.ss')
    }
    return `${hours}:${minutes}:${seconds}`
  }

  /** `ddmmyy` as yyyy-mm-dd; 80 to 99 are of the last century. */
  date(at: number): string | null {
    const text = this.text(at)
    if (text === null) return null
    const [, day, month, year] = /^(\d\d)(\d\d)(\d\d)$/.exec(text) ?? []
    if (day === undefined || !(Number(day) >= 1 && Number(day) <= 31 && Number(month) >= 1 && Number(month) <= 12)) {
      throw this.#bad(at, 'a date ddmmyy')
    }
    return `${Number(year) >= 80 ? '19' : '20'}${year}-${month}-${day}`
  }

  /** Counted from 1, as manuals do. The field is not quoted: it may be of any length. */
  #bad(at: number, wanted: string): GatewayError {
    return new GatewayError('BAD_CONTENT', `field ${at + 1} of the sentence is not ${wanted}`)
  }
}
