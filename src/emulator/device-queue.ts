import { randomUUID } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { CheckedCommand, Command } from './command.ts'
import { checkCommand } from './command.ts'
import { HubError } from './errors.ts'

/** What a device says of a command: done; not now, send again; never. IoT Hub's own verbs. */
export type Outcome = 'complete' | 'abandon' | 'reject'

/** Where a command is in its life. */
export interface CommandState {
  readonly messageId: string
  readonly state: 'enqueued' | 'invisible' | 'completed' | 'deadlettered' | 'expired'
  /** How often it went back into the queue, 0 at first. */
  readonly deliveryCount: number
}

/** A command that is locked for the device that received it. */
export interface LockedCommand {
  readonly command: CheckedCommand
  readonly lockToken: string
  /** 1 for the device's first command ever, then rising. */
  readonly sequenceNumber: number
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly enqueuedAtMs: number
  readonly deliveryCount: number
}

/** The rules of a device's queue. */
export interface QueueOptions {
  readonly clock: Clock
  /** Whether a lock that runs out counts as a delivery. */
  readonly lockExpiryCountsDelivery: boolean
}

interface Entry {
  readonly command: CheckedCommand
  readonly sequenceNumber: number
  readonly enqueuedAtMs: number
  deliveryCount: number
  lock?: { readonly token: string; readonly untilMs: number } | undefined
}

const capacity = 50
const maxDeliveryCount = 10
/** How many commands that are over and done with are remembered, so that a long run stays small. */
const historyLimit = 1000

/**
 * One device's commands: at most 50, first in first out, locked while the device has one, tried at most ten times.
 * Source: "Send cloud-to-device messages from IoT Hub", the message life cycle. No timers: every call first settles
 * what the clock has made of locks and expiry times since the last.
 */
export class DeviceQueue {
  readonly #options: QueueOptions
  /** In the order of arrival; an abandoned command keeps its place. */
  #pending: Entry[] = []
  #over: CommandState[] = []
  #sequenceNumber = 0

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** How many commands wait or are locked. */
  get length(): number {
    this.#sweep()
    return this.#pending.length
  }

  /**
   * Appends a command.
   *
   * @returns Its messageId.
   * @throws {HubError} 403004 when 50 wait already; what {@link checkCommand} throws.
   */
  enqueue(command: Command): string {
    this.#sweep()
    const now = this.#options.clock.now()
    const checked = checkCommand(command, now, randomUUID)
    if (this.#pending.length >= capacity) {
      throw new HubError(403004, `the device has ${capacity} commands waiting already`)
    }
    this.#sequenceNumber++
    this.#pending.push({
      command: checked,
      sequenceNumber: this.#sequenceNumber,
      enqueuedAtMs: now,
      deliveryCount: 0,
    })
    return checked.messageId
  }

  /** Locks the first command that is free and hands it out; undefined when there is none. */
  receive(lockTimeoutMs: number): LockedCommand | undefined {
    this.#sweep()
    const entry = this.#pending.find(({ lock }) => lock === undefined)
    if (!entry) return undefined
    const token = randomUUID()
    entry.lock = { token, untilMs: this.#options.clock.now() + lockTimeoutMs }
    const { command, sequenceNumber, enqueuedAtMs, deliveryCount } = entry
    return { command, lockToken: token, sequenceNumber, enqueuedAtMs, deliveryCount }
  }

  /**
   * Ends a lock with an outcome.
   *
   * @throws {HubError} 412002 when the token is unknown, used up or too old.
   */
  settle(lockToken: string, outcome: Outcome): void {
    this.#sweep()
    const entry = this.#pending.find(({ lock }) => lock?.token === lockToken)
    if (!entry) throw new HubError(412002, 'the lock on the command is lost')
    if (outcome === 'complete') this.#finish(entry, 'completed')
    else if (outcome === 'reject') this.#finish(entry, 'deadlettered')
    else this.#giveBack(entry, true)
  }

  /** Makes every lock run out now. */
  expireLocks(): void {
    for (const entry of [...this.#pending]) {
      if (entry.lock) this.#giveBack(entry, this.#options.lockExpiryCountsDelivery)
    }
    this.#sweep()
  }

  /** Throws away what waits or is locked; returns how many. */
  purge(): number {
    this.#sweep()
    const purged = this.#pending
    for (const entry of purged) this.#finish(entry, 'deadlettered')
    return purged.length
  }

  /** Every command in the order of arrival, those over and done with first (the latest 1,000 of them). */
  states(): CommandState[] {
    this.#sweep()
    return [
      ...this.#over,
      ...this.#pending.map((entry) => stateOf(entry, entry.lock ? ('invisible' as const) : ('enqueued' as const))),
    ]
  }

  #sweep(): void {
    const now = this.#options.clock.now()
    for (const entry of [...this.#pending]) {
      if (entry.lock && entry.lock.untilMs <= now) this.#giveBack(entry, this.#options.lockExpiryCountsDelivery)
    }
    for (const entry of this.#pending) {
      // A locked command outlives its expiry time: the device may still settle it.
      if (!entry.lock && entry.command.expiresAtMs <= now) this.#finish(entry, 'expired')
    }
  }

  #giveBack(entry: Entry, counts: boolean): void {
    entry.lock = undefined
    if (counts) entry.deliveryCount++
    if (entry.deliveryCount >= maxDeliveryCount) this.#finish(entry, 'deadlettered')
  }

  #finish(entry: Entry, state: CommandState['state']): void {
    this.#pending = this.#pending.filter((other) => other !== entry)
    this.#over.push(stateOf(entry, state))
    if (this.#over.length > historyLimit) this.#over.shift()
  }
}

function stateOf(entry: Entry, state: CommandState['state']): CommandState {
  return { messageId: entry.command.messageId, state, deliveryCount: entry.deliveryCount }
}
