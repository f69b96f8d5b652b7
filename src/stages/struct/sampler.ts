import type { Need } from './field.ts'

/** What chooses: a number from 0 up to but not including 1, such as `Math.random`, or one with a seed. */
export type Random = () => number

/** Chooses the values that fields make up; edges more often than chance would, so that they are tried. */
export class Sampler {
  readonly #random: Random
  /** What other fields need of the value that is made up next, and, named with dots, of what lies within it. */
  needs: readonly Need[] = []
  /** The structs around the value that is made up, as far as they are made: innermost last. */
  readonly around: Record<string, unknown>[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** A whole number; where others need it as a size a small one, where as a tag one of the known. */
  integer(min: number, max: number): number {
    const need = this.needs.find((each) => each.of === '' && each.as !== 'condition')?.as
    if (Array.isArray(need)) return this.pick(need as readonly number[])
    if (need === 'size') return this.#between(Math.max(0, min), Math.min(max, 8))
    const edge = this.#random()
    if (edge < 0.05) return min
    if (edge < 0.1) return max
    if (edge < 0.2) return Math.min(max, Math.max(min, 0))
    return this.#between(min, max)
  }

  bigint(min: bigint, max: bigint): bigint {
    const edge = this.#random()
    if (edge < 0.1) return edge < 0.05 ? min : max
    const bits = BigInt(this.#between(0, 2 ** 32 - 1)) * 2n ** 32n + BigInt(this.#between(0, 2 ** 32 - 1))
    return min + (bits % (max - min + 1n))
  }

  /** How many, for what may be as long as it likes. */
  length(max = 8): number {
    return this.#between(0, Math.min(8, max))
  }

  boolean(): boolean {
    return this.#random() < 0.5
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#between(0, from.length - 1)] as T
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#between(0, 255)))
  }

  /** Makes up something inside, of which nobody needs anything. */
  inside<T>(make: () => T): T {
    const { needs } = this
    this.needs = []
    const made = make()
    this.needs = needs
    return made
  }

  /** The value that an earlier field, by its path, was given. */
  valueOf(path: string): unknown {
    const [first = '', ...others] = path.split('.')
    let value: unknown = this.around.findLast((each) => first in each)?.[first]
    for (const each of others) value = (value as Record<string, unknown> | undefined)?.[each]
    return value
  }

  #between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }
}
