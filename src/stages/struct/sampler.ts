import type { Need } from './field.ts'

/** What chooses: a number from 0 up to but not including 1, such as `Math.random`, or one with a seed. */
export type Random = () => number

/** Chooses the values that fields make up; edges more often than chance would, so that they are tried. */
export class Sampler {
  readonly #random: Random
  /** What other fields need of the value that is made up next, and, named with dots, of what lies within it. */
  needs: readonly Need[] = []
  /** So many bytes the value must take; undefined where it may take any number. */
  exact: number | undefined
  /** What the structs around the value hold, as far as they are made, with what is no part of their value: innermost last. */
  readonly around: Record<string, unknown>[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** A whole number; where others need it as a size a small one, where as a tag one of the known. */
  integer(min: number, max: number): number {
    const tags = this.needs
      .filter((each) => each.of === '' && Array.isArray(each.as))
      .map(({ as }) => as as readonly number[])
    if (tags[0] !== undefined) return this.pick(tags[0])
    if (this.needs.some((each) => each.of === '' && each.as === 'size'))
      return this.#between(Math.max(0, min), Math.min(max, 8))
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
    return this.#with([], undefined, make)
  }

  /** Makes up what is named so within the value that is made up. */
  member<T>(name: string, make: () => T, exact?: number): T {
    const needs = this.needs
      .filter(({ of }) => of === name || of.startsWith(`${name}.`))
      .map((each) => ({ ...each, of: each.of.slice(name.length + 1) }))
    return this.#with(needs, exact, make)
  }

  /** Says what an earlier field that is no part of the value must be. */
  settle(path: string, value: unknown): void {
    const around = this.around.findLast((each) => path in each)
    if (around !== undefined) around[path] = value
  }

  /** The value that an earlier field, by its path, was given. */
  valueOf(path: string): unknown {
    const [first = '', ...others] = path.split('.')
    let value: unknown = this.around.findLast((each) => first in each)?.[first]
    for (const each of others) value = (value as Record<string, unknown> | undefined)?.[each]
    return value
  }

  #with<T>(needs: readonly Need[], exact: number | undefined, make: () => T): T {
    const outer = { needs: this.needs, exact: this.exact }
    this.needs = needs
    this.exact = exact
    const made = make()
    this.needs = outer.needs
    this.exact = outer.exact
    return made
  }

  #between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }
}
