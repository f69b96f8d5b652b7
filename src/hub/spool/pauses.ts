/** Pauses after failures in a row: the first of `minMs`, each further one twice as long up to `maxMs`; half of each is left to chance. */
export class Pauses {
  readonly #minMs: number
  readonly #maxMs: number
  readonly #random: () => number
  #failures = 0

  constructor(minMs: number, maxMs: number, random: () => number = Math.random) {
    this.#minMs = minMs
    this.#maxMs = maxMs
    this.#random = random
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** The pause after one more failure, not shorter than what the other side asked for. */
  nextMs(askedMs = 0): number {
    const full = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures++, 30))
    return Math.max(askedMs, full * (0.5 + this.#random() / 2))
  }

  succeeded(): void {
    this.#failures = 0
  }
}
