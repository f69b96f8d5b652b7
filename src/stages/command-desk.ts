import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { isExpired, lastAllowedAt } from '../core/command-expiry.ts'
import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Command, failedReceipt, type Receipt } from '../core/items.ts'
import type { HubSession } from '../hub/port.ts'

/** What {@link CommandDesk} needs of the endpoint's options. */
export interface CommandLimits {
  readonly maxCommands: number
  readonly answerTimeoutMs: number
}

/** How soon a device that has not taken what was said to it before is looked at again, before it is given a command. */
const unreadRecheckMs = 50

/** No timer of Node's waits longer. */
const longestTimerMs = 2 ** 31 - 1

/** How soon a command that is overdue is looked at again while the way up is held. */
const heldRecheckMs = 1000

/** A command that the device was given, or is about to be. */
interface Waiting {
  readonly command: Command
  /** Milliseconds of `Date.now()`. */
  givenAt: number
  /** Until its time to be written is over, then until its time to be answered is. */
  timer: NodeJS.Timeout | undefined
}

/**
 * The ledger of the commands of one connection, between hub and device: fetches the next only when the way down has room, the device
 * has taken what was said to it before, and few enough wait for an answer; settles each exactly once; abandons what is
 * not answered in time.
 *
 * No command reaches the device after its `writeBefore`: it is given only to a device that reads, stages refuse one whose time is over, and
 * one that still lies in this process when its time is over, behind bytes that the device does not take, is cut off with them.
 */
export class CommandDesk {
  readonly #session: HubSession
  readonly #connection: Connection
  readonly #limits: CommandLimits
  readonly #give: (command: Command) => Promise<void>
  readonly #upHeld: () => boolean
  readonly #cut: (failure: GatewayError) => void
  readonly #waiting = new Map<string, Waiting>()
  readonly #settling = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #answered: (() => void) | undefined

  /**
   * `give` resolves once the command is in the lane and the lane wants more. `upHeld` is true while the way up is held: an
   * answer may be waiting in it. `cut` ends the connection at once.
   */
  constructor(
    session: HubSession,
    connection: Connection,
    limits: CommandLimits,
    give: (command: Command) => Promise<void>,
    upHeld: () => boolean = () => false,
    cut: (failure: GatewayError) => void = () => {},
  ) {
    this.#cut = cut
    this.#session = session
    this.#connection = connection
    this.#limits = limits
    this.#give = give
    this.#upHeld = upHeld
    void this.#fetch()
  }

  /** The device answered, or a stage could not deliver. An answer to a command that does not wait is counted and ignored. */
  answered(receipt: Receipt<Command>): void {
    const waiting = this.#waiting.get(receipt.of.id)
    if (waiting === undefined) {
      const error = new GatewayError('UNKNOWN_COMMAND', 'an answer came twice, too late, or for no command', {
        stage: 'hub.up',
      })
      this.#connection.refused(error, [receipt])
      return
    }
    this.#settle(waiting, receipt)
  }

  /** Fetches no more: what is given from now on could not be answered. What was given is settled as before. */
  stop(): void {
    this.#stop.abort()
    this.#answered?.()
  }

  /** Gives back what still waits, and resolves when every settlement has been answered by the hub. */
  async close(): Promise<void> {
    this.stop()
    for (const waiting of [...this.#waiting.values()]) this.#giveBack(waiting)
    await Promise.all(this.#settling)
  }

  async #fetch(): Promise<void> {
    try {
      for await (const command of this.#session.commands(this.#stop.signal)) {
        // Entered first, so that closing gives it back while there is a session to do so.
        const waiting = this.#enter(command)
        if (!this.#stopped) await this.#whenRead(command)
        if (this.#stopped) {
          // Closing may have given it back already.
          if (this.#waiting.has(command.id)) this.#giveBack(waiting)
          break
        }
        const now = Date.now()
        waiting.givenAt = now
        command.answerBefore = Math.min(command.answerBefore, now + this.#limits.answerTimeoutMs)
        command.writeBefore = Math.min(command.writeBefore, command.answerBefore)
        if (isExpired(command, now)) {
          this.#giveUp(waiting, 'COMMAND_EXPIRED', 'the time of a command was over before the device could take it')
          continue
        }
        waiting.timer = setTimeout(() => this.#recall(waiting), timerMs(command.writeBefore - now))
        await this.#give(command)
        while (this.#waiting.size >= this.#limits.maxCommands && !this.#stopped) {
          await new Promise<void>((resolve) => {
            this.#answered = resolve
          })
        }
        await this.#whenRead()
      }
    } catch (thrown) {
      if (!this.#stopped) this.#connection.refused(GatewayError.from(thrown, 'hub.down'), [])
    }
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted
  }

  #enter(command: Command): Waiting {
    const waiting: Waiting = { command, givenAt: Date.now(), timer: undefined }
    this.#waiting.set(command.id, waiting)
    return waiting
  }

  #giveBack(waiting: Waiting): void {
    const error = new GatewayError('DEVICE_GONE', 'the connection ended before the command was answered', {
      stage: 'hub.down',
    })
    this.#settle(waiting, failedReceipt(waiting.command, error))
  }

  /** Resolves when the device has taken all that was said to it; a command that waits for that resolves it when its time is over. */
  async #whenRead(command?: Command): Promise<void> {
    const givenUpAt = Date.now() + this.#limits.answerTimeoutMs
    // What was said just now is on its way to the socket.
    if (this.#connection.unread.bytes > 0) await turn()
    while (!this.#stopped && this.#connection.unread.bytes > 0) {
      if (command !== undefined && (isExpired(command) || Date.now() >= givenUpAt)) return
      await delay(unreadRecheckMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  /** The time to write it is over. What the system has taken is written; what has not left this process must not leave it. */
  #recall(waiting: Waiting): void {
    const { command } = waiting
    const { bytes, noneAt } = this.#connection.unread
    if (bytes > 0 && noneAt <= lastAllowedAt(command)) {
      const failure = new GatewayError('STALLED', 'the device did not read before the time of its command was over', {
        stage: 'hub.down',
      })
      this.#giveUp(waiting, 'COMMAND_EXPIRED', failure.message)
      this.#cut(failure)
      return
    }
    const leftMs = command.answerBefore - Date.now()
    if (command.writeBefore < command.answerBefore && leftMs > 0) {
      waiting.timer = setTimeout(() => this.#expire(waiting), timerMs(leftMs))
    } else this.#expire(waiting)
  }

  #expire(waiting: Waiting): void {
    if (this.#upHeld()) {
      // The device may have answered long ago, behind readings that wait for the hub: that delay is ours.
      waiting.timer = setTimeout(() => this.#expire(waiting), heldRecheckMs)
      return
    }
    const waitedMs = Math.max(0, waiting.command.answerBefore - waiting.givenAt)
    this.#giveUp(waiting, 'COMMAND_TIMEOUT', `no answer within ${waitedMs} ms`)
  }

  #giveUp(waiting: Waiting, code: 'COMMAND_EXPIRED' | 'COMMAND_TIMEOUT', message: string): void {
    const error = new GatewayError(code, message, { stage: 'hub.down' })
    this.#connection.refused(error, [waiting.command])
    this.#settle(waiting, failedReceipt(waiting.command, error))
  }

  #settle(waiting: Waiting, receipt: Receipt<Command>): void {
    clearTimeout(waiting.timer)
    this.#waiting.delete(waiting.command.id)
    this.#answered?.()
    this.#connection.meter.countReceipt('command', receipt.outcome)
    const settling = this.#session.settle(receipt).catch((thrown) => {
      this.#connection.refused(GatewayError.from(thrown, 'hub.up'), [receipt])
    })
    this.#settling.add(settling)
    void settling.then(() => this.#settling.delete(settling))
  }
}

function timerMs(waitMs: number): number {
  return Math.min(waitMs, longestTimerMs)
}
