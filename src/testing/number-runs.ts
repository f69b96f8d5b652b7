/**
 * A set of whole numbers that keeps runs of neighbours rather than each number: what has no gaps takes one entry, however long it is.
 * Made for numbered readings, which come nearly in order.
 */
export class NumberRuns {
  /** First and last of each run, rising, with a gap between any two. */
  readonly #runs: [first: number, last: number][] = []
  #size = 0

  /** How many numbers it has. */
  get size(): number {
    return this.#size
  }

  /** How many entries they take. */
  get runs(): number {
    return this.#runs.length
  }

  has(number: number): boolean {
    const run = this.#runs[this.#at(number)]
    return run !== undefined && run[0] <= number
  }

  /** Adds a number; false where it is there already. */
  add(number: number): boolean {
    const at = this.#at(number)
    const run = this.#runs[at]
    if (run !== undefined && run[0] <= number) return false
    this.#size++
    const before = this.#runs[at - 1]
    const joinsBefore = before !== undefined && before[1] === number - 1
    const joinsAfter = run !== undefined && run[0] === number + 1
    if (joinsBefore && joinsAfter) {
      before[1] = run[1]
      this.#runs.splice(at, 1)
    } else if (joinsBefore) before[1] = number
    else if (joinsAfter) run[0] = number
    else this.#runs.splice(at, 0, [number, number])
    return true
  }

  /** Removes a number; false where it is not there. */
  delete(number: number): boolean {
    const at = this.#at(number)
    const run = this.#runs[at]
    if (run === undefined || run[0] > number) return false
    this.#size--
    const left: [number, number][] = []
    if (run[0] < number) left.push([run[0], number - 1])
    if (number < run[1]) left.push([number + 1, run[1]])
    this.#runs.splice(at, 1, ...left)
    return true
  }

  /** The numbers that it has, rising. */
  *[Symbol.iterator](): Generator<number> {
    for (const [first, last] of this.#runs) for (let number = first; number <= last; number++) yield number
  }

  /** The first of `from` and up that it has not. */
  firstMissing(from: number): number {
    const run = this.#runs[this.#at(from)]
    return run !== undefined && run[0] <= from ? run[1] + 1 : from
  }

  /** Place of the first run that ends at `number` or later. */
  #at(number: number): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs[middle] as [number, number])[1] < number) low = middle + 1
      else high = middle
    }
    return low
  }
}
