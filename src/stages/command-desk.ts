import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Command, failedReceipt, type Receipt } from '../core/items.ts'
import type { HubSession } from '../hub/port.ts'

/** What {@link CommandDesk} needs of the endpoint's options. */
export interface CommandLimits {
  readonly maxCommands: number
  readonly answerTimeoutMs: number
}

/** How soon a command that is overdue is looked at again while the way up is held. */
const heldRecheckMs = 1000

/**
 * The commands of one connection between hub and device: fetches the next only when the way down has room and few enough
 * wait for an answer, settles each exactly once, abandons what is not answered in time.
 */
export class CommandDesk {
  readonly #session: HubSession
  readonly #connection: Connection
  readonly #limits: CommandLimits
  readonly #give: (command: Command) => Promise<void>
  readonly #upHeld: () => boolean
  readonly #waiting = new Map<string, { readonly command: Command; readonly timer: NodeJS.Timeout }>()
  readonly #settling = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #closed = false
  #answered: (() => void) | undefined

  /**
   * `give` resolves once the command is in the lane and the lane wants more. `upHeld` is true while the way up is held: an
   * answer may be waiting in it.
   */
  constructor(
    session: HubSession,
    connection: Connection,
    limits: CommandLimits,
    give: (command: Command) => Promise<void>,
    upHeld: () => boolean = () => false,
  ) {
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

  /** Gives back what still waits, and resolves when every settlement has been answered by the hub. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stop.abort()
    this.#answered?.()
    for (const waiting of [...this.#waiting.values()]) {
      const error = new GatewayError('DEVICE_GONE', 'the connection ended before the command was answered', {
        stage: 'hub.down',
      })
      this.#settle(waiting, failedReceipt(waiting.command, error))
    }
    await Promise.all(this.#settling)
  }

  async #fetch(): Promise<void> {
    try {
      for await (const command of this.#session.commands(this.#stop.signal)) {
        if (this.#closed) {
          const gone = new GatewayError('DEVICE_GONE', 'the connection ended before the command reached it', {
            stage: 'hub.down',
          })
          this.#settle({ command, timer: undefined }, failedReceipt(command, gone))
          break
        }
        const timer = setTimeout(() => this.#expire(command), this.#limits.answerTimeoutMs)
        this.#waiting.set(command.id, { command, timer })
        await this.#give(command)
        while (this.#waiting.size >= this.#limits.maxCommands && !this.#closed) {
          await new Promise<void>((resolve) => {
            this.#answered = resolve
          })
        }
      }
    } catch (thrown) {
      if (!this.#closed) this.#connection.refused(GatewayError.from(thrown, 'hub.down'), [])
    }
  }

  #expire(command: Command): void {
    const waiting = this.#waiting.get(command.id)
    if (waiting === undefined) return
    if (this.#upHeld()) {
      // The device may have answered long ago, behind readings that wait for the hub: that delay is ours.
      const timer = setTimeout(() => this.#expire(command), heldRecheckMs)
      this.#waiting.set(command.id, { command, timer })
      return
    }
    const message = `no answer within ${this.#limits.answerTimeoutMs} ms`
    const error = new GatewayError('COMMAND_TIMEOUT', message, { stage: 'hub.down' })
    this.#connection.refused(error, [command])
    this.#settle(waiting, failedReceipt(command, error))
  }

  #settle(waiting: { command: Command; timer: NodeJS.Timeout | undefined }, receipt: Receipt<Command>): void {
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
