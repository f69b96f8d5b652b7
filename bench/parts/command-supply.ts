import { type Command, command } from '../../src/core/items.ts'
import { Arrivals } from './arrivals.ts'

const body = Buffer.from('{"setpoint":21.5,"unit":"celsius","mode":"eco","until":"2026-12-01T06:00:00Z"}')
const properties = Object.freeze({ priority: 'low' })

/** Commands for devices: as many for each as was said so far, at once for whoever takes them. Counts what has become of them. */
export class CommandSupply {
  readonly #settled = new Arrivals()
  #each = 0
  #given = 0
  #waiting: (() => void)[] = []

  /** Commands that were taken. */
  get given(): number {
    return this.#given
  }

  /** Commands that were completed. */
  get settled(): number {
    return this.#settled.count
  }

  /** Every device gets so many more. */
  add(each: number): void {
    this.#each += each
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  /** The next command of a device that has had so many; undefined if it has had all. */
  take(deviceId: string, had: number): Command | undefined {
    if (had >= this.#each) return undefined
    this.#given++
    return command(`${deviceId}-${had + 1}`, body, { name: 'set', properties, contentType: 'application/json' })
  }

  /** Calls once when there are more; what it returns calls that off. */
  whenMore(resume: () => void): () => void {
    this.#waiting.push(resume)
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== resume)
    }
  }

  /** A command was completed by its device. */
  complete(): void {
    this.#settled.add(1)
  }

  /** Resolves when so many were completed since the beginning. */
  reached(total: number): Promise<void> {
    return this.#settled.reached(total)
  }
}
