import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

/** A device key or token that logs, JSON and inspection show as `[secret]`; only {@link Secret.reveal} gives it out. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The secret itself; called where it is put on the wire or into a signature, nowhere else. */
  reveal(): string {
    return this.#value
  }

  /** True if both hold the same text; takes the same time wherever they differ. */
  equals(other: Secret): boolean {
    const mine = Buffer.from(this.#value)
    const theirs = Buffer.from(other.#value)
    return mine.length === theirs.length && timingSafeEqual(mine, theirs)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
