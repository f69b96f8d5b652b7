/** Counts what has arrived, and tells when it is enough. */
export class Arrivals {
  #count = 0
  #waiting: { readonly total: number; resolve(): void }[] = []

  get count(): number {
    return this.#count
  }

  add(more: number): void {
    this.#count += more
    for (const each of this.#waiting) {
      if (this.#count >= each.total) each.resolve()
    }
    this.#waiting = this.#waiting.filter(({ total }) => this.#count < total)
  }

  /** Resolves when `total` have arrived since the beginning. */
  reached(total: number): Promise<void> {
    if (this.#count >= total) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ total, resolve }))
  }
}
