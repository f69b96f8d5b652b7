import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { idText, type Message, type SubPackage } from './message.ts'
import type { SubPackageGroup, SubPackageLimits } from './sub-package-group.ts'
import { SubPackages } from './sub-packages.ts'

/** Options of messages that come in parts. */
export interface SubPackageOptions extends Partial<SubPackageLimits> {
  /** Asks by 0x8003 for sub-packages that are missing; default true. */
  readonly askForMissing?: boolean
}

/** A terminal that says nothing any more gives no occasion to pass on what it left unfinished: so many deadlines later it is let go. */
const silentDeadlines = 2

/** The sub-packages of one connection, and the clock by which they are given up. */
export class SubPackageDesk {
  readonly asks: boolean
  readonly #connection: Connection
  readonly #packages: SubPackages
  readonly #deadlineMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(connection: Connection, { askForMissing = true, ...limits }: SubPackageOptions) {
    this.asks = askForMissing
    this.#connection = connection
    this.#deadlineMs = limits.deadlineMs ?? defaults.deadlineMs
    this.#packages = new SubPackages({ ...defaults, ...limits })
  }

  /** See {@link SubPackages.take}. */
  take(message: Message, place: SubPackage) {
    this.#watch()
    return this.#packages.take(message, place, performance.now())
  }

  /** See {@link SubPackages.look}. */
  look() {
    return this.#packages.size === 0 ? nothing : this.#packages.look(performance.now())
  }

  /** The hub has the message. */
  stored(group: SubPackageGroup): void {
    this.#packages.stored(group)
  }

  /** It has not, and may get it. */
  failed(group: SubPackageGroup): void {
    this.#packages.failed(group)
  }

  /** It never will. */
  refused(group: SubPackageGroup): void {
    this.#packages.refused(group)
  }

  /** Gives out what is not whole. */
  clear(): readonly SubPackageGroup[] {
    clearTimeout(this.#timer)
    return this.#packages.clear()
  }

  #watch(): void {
    if (this.#timer !== undefined) {
      this.#timer.refresh()
      return
    }
    this.#timer = setTimeout(() => this.#letGo(), silentDeadlines * this.#deadlineMs)
    this.#connection.signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true })
  }

  /** A timer must not send anything up: what is let go is told as an error, with its bytes for the dead letters. */
  #letGo(): void {
    for (const group of this.#packages.clear()) {
      const { size } = group.parts
      const message = `a ${idText(group.id)} has ${size} of its ${group.total} sub-packages, and no more came`
      const error = new GatewayError('BAD_CONTENT', message, { stage: 'jt808.up' })
      this.#connection.refused(error, [Buffer.concat(group.inOrder.map(({ frame }) => frame))])
    }
  }
}

const defaults: SubPackageLimits = { maxMessages: 8, maxBytes: 262_144, deadlineMs: 60_000 }

const nothing = { over: [], late: [] } as const

/** Refuses options that cannot work, with `CONFIGURATION`. */
export function checkSubPackageOptions(options: SubPackageOptions): void {
  for (const [name, value] of Object.entries({ ...defaults, ...options })) {
    if (name === 'askForMissing') continue
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 2 ** 30) {
      throw new GatewayError(
        'CONFIGURATION',
        `jt808: subPackages.${name} must be an integer from 1 to ${2 ** 30}, not ${value}`,
      )
    }
  }
}
