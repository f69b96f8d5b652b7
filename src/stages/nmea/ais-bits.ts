import { GatewayError } from '../../core/errors.ts'

/** The longest payload of a message in bits: five slots of a transmission, with some to spare for what others put together. */
const mostBits = 6 * 1024

/**
 * The bits that a payload in armour carries, six a character, most significant first:
 *
 * ```
 * '0' … 'W'  0 … 39      '`' … 'w'  40 … 63      '8' is 001000
 * ```
 * Source: ITU-R M.1371, IEC 61162-1.
 */
export class AisBits {
  /** Six bits each. */
  readonly #sixes: readonly number[]
  /** How many bits there are, without those that fill up the last character. */
  readonly length: number

  /** `BAD_CONTENT` for characters that are none of the armour, for more than five fill bits, for nothing at all. */
  constructor(payload: string, fillBits: number) {
    if (!Number.isInteger(fillBits) || fillBits < 0 || fillBits > 5) throw bad(`a payload has ${fillBits} fill bits`)
    if (payload.length === 0 || payload.length * 6 > mostBits) throw bad(`a payload has ${payload.length} characters`)
    this.#sixes = Array.from(payload, unarmoured)
    this.length = payload.length * 6 - fillBits
  }

  /** An unsigned number; null where the message ends before it does. */
  unsigned(at: number, width: number): number | null {
    if (at + width > this.length) return null
    let value = 0
    for (let bit = at; bit < at + width; bit++) value = value * 2 + this.#bit(bit)
    return value
  }

  /** A number in two's complement. */
  signed(at: number, width: number): number | null {
    const value = this.unsigned(at, width)
    return value !== null && value >= 2 ** (width - 1) ? value - 2 ** width : value
  }

  /** Text of six bits a character, up to `@` and without the blanks that fill it up; as much of it as there is, null where there is none. */
  text(at: number, width: number): string | null {
    return at + 6 > this.length ? null : this.#textUpToAt(at, width).trimEnd()
  }

  /** Text that goes on elsewhere in the message where it fills its first place. */
  textInTwo(at: number, width: number, onAt: number, onWidth: number): string | null {
    const first = this.#textUpToAt(at, width)
    // The blank at its end may be one between words.
    return first.length < width / 6 ? this.text(at, width) : (first + this.#textUpToAt(onAt, onWidth)).trimEnd()
  }

  #textUpToAt(at: number, width: number): string {
    const end = Math.min(at + width, this.length)
    let text = ''
    for (let bit = at; bit + 6 <= end; bit += 6) {
      const six = this.unsigned(bit, 6) as number
      if (six === 0) break
      text += String.fromCharCode(six < 32 ? six + 64 : six)
    }
    return text
  }

  #bit(at: number): number {
    return ((this.#sixes[Math.floor(at / 6)] as number) >> (5 - (at % 6))) & 1
  }
}

function unarmoured(character: string): number {
  const code = character.charCodeAt(0)
  if (code >= 48 && code <= 87) return code - 48
  if (code >= 96 && code <= 119) return code - 56
  throw bad(`a payload has a character with the code ${code}`)
}

/** Collects the bits of a message that is sent; the reverse of {@link AisBits}. */
export class AisWriter {
  #bits = ''

  /** Whole numbers, signed or not, cut to their width. */
  number(value: number, width: number): this {
    this.#bits += BigInt.asUintN(width, BigInt(value)).toString(2).padStart(width, '0')
    return this
  }

  /** Characters that are none of the 64 become `?`. */
  text(value: string, width: number): this {
    for (const character of value
      .toUpperCase()
      .padEnd(width / 6, '@')
      .slice(0, width / 6)) {
      const code = character.charCodeAt(0)
      this.number(code >= 64 && code < 96 ? code - 64 : code >= 32 && code < 64 ? code : 63, 6)
    }
    return this
  }

  get armoured(): { readonly payload: string; readonly fillBits: number } {
    const sixes = this.#bits.match(/.{1,6}/g) ?? []
    const payload = sixes.map((six) => {
      const value = Number.parseInt(six.padEnd(6, '0'), 2)
      return String.fromCharCode(value < 40 ? value + 48 : value + 56)
    })
    return { payload: payload.join(''), fillBits: sixes.length * 6 - this.#bits.length }
  }
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
