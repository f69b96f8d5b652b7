import type { DecodeSource } from './decode-source.ts'
import type { EncodeSource } from './encode-source.ts'
import type { Field, NumberField } from './field.ts'
import type { PageWriter } from './page.ts'
import type { Sampler } from './sampler.ts'
import { behind, refuse } from './source.ts'

/** So many whole units since 1970; an ISO 8601 text in UTC, so that JSON says what it is. */
class UnixTimeField implements Field<string, 'value'> {
  readonly role = 'value'
  readonly unit = undefined
  readonly type: string
  readonly note: string
  readonly minSize: number
  readonly fixedSize: number
  readonly #of: NumberField
  readonly #unitMs: number

  constructor(of: NumberField, unitMs: number, name: string) {
    this.#of = of
    this.#unitMs = unitMs
    this.type = of.type
    this.note = `${name} since 1970, UTC`
    this.minSize = of.fixedSize
    this.fixedSize = of.fixedSize
  }

  read(source: DecodeSource, path: string): string {
    const offset = source.peek()
    const wire = source.quietly(() => this.#of.read(source, path))
    const value = source.let(`run.isoOf(${wire}${this.#unitMs === 1 ? '' : ` * ${this.#unitMs}`}, \`${path}\`)`)
    source.leaf(path, offset, `${offset} + ${this.fixedSize}`, value)
    return value
  }

  write(source: EncodeSource, value: string, path: string): void {
    this.#of.write(source, `run.unitsOf(${value}, ${this.#unitMs}, \`${path}\`)`, path)
  }

  make(sampler: Sampler): string {
    const most = Math.min(this.#of.max, 4_102_444_800_000 / this.#unitMs)
    return new Date(sampler.integer(0, most) * this.#unitMs).toISOString()
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

/** Seconds since 1970, as ISO 8601 in UTC: `unixSeconds(u32)`. */
export function unixSeconds(of: NumberField): Field<string, 'value'> {
  return new UnixTimeField(of, 1000, 'seconds')
}

/** Milliseconds since 1970, as ISO 8601 in UTC: `unixMilliseconds(uint(8))`. */
export function unixMilliseconds(of: NumberField): Field<string, 'value'> {
  return new UnixTimeField(of, 1, 'milliseconds')
}

/** Options of {@link calendar}. */
export interface CalendarOptions {
  /** How the six numbers are written: two decimal digits (`bcd`) or a plain byte each (`binary`). */
  readonly digits: 'bcd' | 'binary'
  /**
   * The zone of the device's clock, such as `+08:00` or `Z`: the value is in UTC, `2019-10-15T21:20:00.000Z`. Without it, it is as it
   * stands, `2019-10-15T21:20:00`, and nobody knows where.
   */
  readonly zone?: string
}

class CalendarField implements Field<string, 'value'> {
  readonly role = 'value'
  readonly type: string
  readonly unit = undefined
  readonly note: string
  readonly minSize = 6
  readonly fixedSize = 6
  readonly #bcd: boolean
  readonly #offsetMs: number | undefined

  constructor({ digits, zone }: CalendarOptions) {
    if (digits !== 'bcd' && digits !== 'binary') refuse(`digits must be 'bcd' or 'binary', not ${digits}`)
    this.#bcd = digits === 'bcd'
    this.#offsetMs = zone === undefined ? undefined : offsetOf(zone)
    this.type = `time, ${digits}`
    this.note = `year − 2000, month, day, hour, minute, second; ${zone === undefined ? "the device's clock" : `zone ${zone}`}`
  }

  read(source: DecodeSource, path: string): string {
    const part = (offset: string) =>
      this.#bcd ? `run.decodeBcdNumber(b, ${offset}, ${offset} + 1, \`${path}\`)` : `b[${offset}]`
    const read = (offset: string) => {
      const parts = Array.from({ length: 6 }, (_, index) => part(behind(offset, index)))
      return `run.calendarIso([${parts.join(', ')}], ${this.#offsetMs}, \`${path}\`)`
    }
    return source.leafOf(6, path, read)
  }

  write(source: EncodeSource, value: string, path: string): void {
    const parts = source.let(`run.calendarParts(${value}, ${this.#offsetMs}, \`${path}\`)`)
    const offset = source.take(6, path)
    for (let index = 0; index < 6; index++) {
      const part = `${parts}[${index}]`
      const byte = this.#bcd ? `Math.floor(${part} / 10) * 16 + (${part} % 10)` : part
      source.line(`w[${behind(offset, index)}] = ${byte}`)
    }
  }

  make(sampler: Sampler): string {
    // A day away from both ends, so that no zone leaves the century.
    const date = new Date(sampler.integer(946_771_200, 4_102_358_399) * 1000).toISOString()
    return this.#offsetMs === undefined ? date.slice(0, 19) : date
  }

  document(page: PageWriter, name: string): void {
    page.row(name, this)
  }
}

function offsetOf(zone: string): number {
  if (zone === 'Z') return 0
  const [, sign, hours, minutes] =
    /^([+-])([01]\d|2[0-3]):([0-5]\d)$/.exec(zone) ?? refuse(`zone must be Z or like +08:00, not ${zone}`)
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

/** Six bytes of date and time, `yy mm dd hh mm ss`, in this century, as ISO 8601. `BAD_CONTENT` for a day that there is not. */
export function calendar(options: CalendarOptions): Field<string, 'value'> {
  return new CalendarField(options)
}
