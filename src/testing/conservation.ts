// Over 250 lines, most of them words: what each count means, exactly, beside what makes it.
import type { Outcome } from '../core/items.ts'

/** Options of {@link Conservation}. */
export interface ConservationOptions {
  /** What the run was made from; it comes back in the verdict, so that whoever reads it can run it again. */
  readonly seed?: number
  /**
   * How long after its expiry a command may be seen at the device and not count as late: what lies between the gateway's write and the moment
   * told to the oracle, above all on a machine that is busy. Milliseconds, default 0.
   */
  readonly lateToleranceMs?: number
}

/** What became of everything, see {@link Conservation.verdict}. Each number counts readings or commands, not events, but for `duplicated`. */
export interface ConservationVerdict {
  readonly seed: number | undefined
  /** Different readings that devices sent. */
  readonly sent: number
  /** Readings whose device was told that they are safe. */
  readonly acked: number
  /** Readings neither at the hub nor refused for good, though their device sent them until the end. Those of {@link ConservationVerdict.ackedButMissing} among them. */
  readonly lost: number
  /** Readings whose device was told that they are safe, and that the hub does not have: what must never be. */
  readonly ackedButMissing: number
  /** Arrivals at the hub of what had arrived before. At least once is the promise: they are allowed. */
  readonly duplicated: number
  /** Readings that arrived first after a later one of their device. Not counted: one that its device was told to send again (or that was refused). */
  readonly reordered: number
  /** Readings that their device was told will never be accepted (`reject`), and that the hub has. */
  readonly nackedButPresent: number
  /** Readings at the hub under another device's name, receipts for what the device never sent, commands at another device. */
  readonly crossed: number
  readonly commands: number
  /** Commands that reached the device after they had expired. */
  readonly lateCommands: number
  /** Commands that the hub holds for completed and that no device said to have done. */
  readonly unconfirmedCommands: number
  /** The first offenders by name, at most 20 of each kind. */
  readonly offences: readonly string[]
}

const wasSent = 1
const wasAcked = 2
const wasRefused = 4
const wasRejected = 8
const hasArrived = 16

/** Readings of one device, a byte each. */
class DeviceAccount {
  #states = new Uint8Array(1024)
  /** Highest number that arrived. */
  latest = -1

  get(number: number): number {
    return this.#states[number] ?? 0
  }

  add(number: number, state: number): void {
    if (number >= this.#states.length) {
      const grown = new Uint8Array(Math.max(number + 1, 2 * this.#states.length))
      grown.set(this.#states)
      this.#states = grown
    }
    this.#states[number] = this.get(number) | state
  }

  *entries(): Generator<[number: number, state: number]> {
    for (let number = 0; number < this.#states.length; number++) {
      const state = this.get(number)
      if (state !== 0) yield [number, state]
    }
  }
}

interface CommandAccount {
  readonly deviceId: string
  readonly expiresAt: number
  late: boolean
  confirmed: boolean
  completed: boolean
}

const maxNamed = 20

/**
 * Keeps account of what devices sent, what they were told, what the hub has, and says whether something was lost, doubled, reordered or
 * crossed, and whether a command came late or was completed by nobody. Knows no protocol: whoever runs devices and looks at the hub tells it.
 *
 * Readings are numbered by their device, 0, 1, 2, … in the order in which it sends them, from 0 to some millions: an account is a byte a
 * reading. A device that sends one again uses its number again. Moments are milliseconds of `Date.now()`.
 */
export class Conservation {
  readonly #options: Required<Pick<ConservationOptions, 'lateToleranceMs'>> & ConservationOptions
  readonly #devices = new Map<string, DeviceAccount>()
  readonly #commands = new Map<string, CommandAccount>()
  readonly #offences = new Map<string, string[]>()
  readonly #counts = { duplicated: 0, reordered: 0, crossed: 0 }

  constructor(options: ConservationOptions = {}) {
    this.#options = { lateToleranceMs: 0, ...options }
  }

  /** A device wrote a reading, for the first time or again. */
  sent(deviceId: string, number: number): void {
    this.#account(deviceId).add(number, wasSent)
  }

  /** A device heard what became of a reading. */
  receipt(deviceId: string, number: number, outcome: Outcome): void {
    const account = this.#account(deviceId)
    if ((account.get(number) & wasSent) === 0) {
      this.#counts.crossed++
      this.#name('crossed', `a receipt for reading ${number} of ${deviceId}, which was never sent`)
      return
    }
    if (outcome === 'complete') account.add(number, wasAcked)
    else account.add(number, outcome === 'reject' ? wasRefused | wasRejected : wasRefused)
  }

  /** The hub has taken a message of `deviceId`; `origin` is the device that the reading itself names, where it names one. */
  arrived(deviceId: string, number: number, origin = deviceId): void {
    if (origin !== deviceId) {
      this.#counts.crossed++
      this.#name('crossed', `reading ${number} of ${origin} arrived as one of ${deviceId}`)
      return
    }
    const account = this.#account(deviceId)
    const state = account.get(number)
    if ((state & wasSent) === 0) {
      this.#counts.crossed++
      this.#name('crossed', `reading ${number} of ${deviceId} arrived, and was never sent`)
    }
    if ((state & hasArrived) !== 0) {
      this.#counts.duplicated++
    } else if (number < account.latest && (state & wasRefused) === 0) {
      this.#counts.reordered++
      this.#name('reordered', `reading ${number} of ${deviceId} arrived after ${account.latest}`)
    }
    account.add(number, hasArrived)
    account.latest = Math.max(account.latest, number)
  }

  /** The hub was asked to command a device; ids are unique in a run. */
  commandQueued(id: string, deviceId: string, expiresAt = Number.POSITIVE_INFINITY): void {
    this.#commands.set(id, { deviceId, expiresAt, late: false, confirmed: false, completed: false })
  }

  /** A command reached a device, each time that it does. `at` is when its last byte was there. */
  commandWritten(id: string, deviceId: string, at = Date.now()): void {
    const command = this.#commandOf(id, deviceId)
    if (command === undefined || command.late || at <= command.expiresAt + this.#options.lateToleranceMs) return
    command.late = true
    this.#name(
      'late',
      `command ${id} reached ${deviceId} ${Math.round(at - command.expiresAt)} ms after it had expired`,
    )
  }

  /** A device said what it made of a command. Tell it before the answer is written. */
  commandAnswered(id: string, deviceId: string, outcome: Outcome): void {
    const command = this.#commandOf(id, deviceId)
    if (command !== undefined && outcome === 'complete') command.confirmed = true
  }

  /** The hub holds a command for completed, dead-lettered or given back. */
  commandSettled(id: string, outcome: Outcome): void {
    const command = this.#commands.get(id)
    if (command !== undefined && outcome === 'complete') command.completed = true
  }

  /** Readings that no device was told are safe, nor that they never will be. A run goes on until there are none, or its time is up. */
  get open(): number {
    let open = 0
    for (const account of this.#devices.values()) {
      for (const [, state] of account.entries()) if ((state & (wasAcked | wasRejected)) === 0) open++
    }
    return open
  }

  /** Readings that devices sent and that the hub does not have yet, but for those refused for good. */
  get missing(): number {
    let missing = 0
    for (const account of this.#devices.values()) {
      for (const [, state] of account.entries()) if ((state & (hasArrived | wasRejected)) === 0) missing++
    }
    return missing
  }

  /** What became of everything told so far. Call it when devices have finished and what they were told is safe has had its time to arrive. */
  verdict(): ConservationVerdict {
    const counts = { sent: 0, acked: 0, lost: 0, ackedButMissing: 0, nackedButPresent: 0 }
    const offences = new Map([...this.#offences].map(([kind, names]) => [kind, [...names]]))
    const name = (kind: string, words: string) => nameIn(offences, kind, words)
    for (const [deviceId, account] of this.#devices) {
      for (const [number, state] of account.entries()) {
        if ((state & wasSent) === 0) continue
        counts.sent++
        const acked = (state & wasAcked) !== 0
        if (acked) counts.acked++
        if ((state & hasArrived) === 0) {
          if (acked) {
            counts.ackedButMissing++
            name('lost', `reading ${number} of ${deviceId} was acknowledged and is not at the hub`)
          } else if ((state & wasRejected) === 0) name('lost', `reading ${number} of ${deviceId} was never answered`)
          if (acked || (state & wasRejected) === 0) counts.lost++
        } else if ((state & wasRejected) !== 0 && !acked) {
          counts.nackedButPresent++
          name('nacked', `reading ${number} of ${deviceId} was rejected and is at the hub`)
        }
      }
    }
    let lateCommands = 0
    let unconfirmedCommands = 0
    for (const [id, { late, confirmed, completed, deviceId }] of this.#commands) {
      if (late) lateCommands++
      if (!completed || confirmed) continue
      unconfirmedCommands++
      name('unconfirmed', `command ${id} is completed, and ${deviceId} never said so`)
    }
    return {
      seed: this.#options.seed,
      ...counts,
      ...this.#counts,
      commands: this.#commands.size,
      lateCommands,
      unconfirmedCommands,
      offences: [...offences.values()].flat(),
    }
  }

  #account(deviceId: string): DeviceAccount {
    let account = this.#devices.get(deviceId)
    if (account === undefined) {
      account = new DeviceAccount()
      this.#devices.set(deviceId, account)
    }
    return account
  }

  #commandOf(id: string, deviceId: string): CommandAccount | undefined {
    const command = this.#commands.get(id)
    if (command?.deviceId === deviceId) return command
    this.#counts.crossed++
    this.#name(
      'crossed',
      `${deviceId} had command ${id}, which is ${command === undefined ? 'unknown' : `of ${command.deviceId}`}`,
    )
    return undefined
  }

  #name(kind: string, words: string): void {
    nameIn(this.#offences, kind, words)
  }
}

function nameIn(offences: Map<string, string[]>, kind: string, words: string): void {
  const names = offences.get(kind)
  if (names === undefined) offences.set(kind, [words])
  else if (names.length < maxNamed) names.push(words)
}

/** True where nothing was lost, reordered or crossed, no command came late and none was completed by nobody. Duplicates are allowed. */
export function isConserved(verdict: ConservationVerdict): boolean {
  const { lost, reordered, nackedButPresent, crossed, lateCommands, unconfirmedCommands } = verdict
  return lost + reordered + nackedButPresent + crossed + lateCommands + unconfirmedCommands === 0
}
