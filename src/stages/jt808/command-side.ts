import { isGivenUp } from '../../core/command-expiry.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Command, type Receipt, receipt } from '../../core/items.ts'
import { type AnsweredCommand, GivenCommands } from '../given-commands.ts'
import { HeldCommands } from '../held-commands.ts'
import { results } from './answers.ts'
import { askedBy } from './commands.ts'
import type { MessageFields } from './fields.ts'
import { idText, type Terminal } from './message.ts'
import type { Platform } from './platform.ts'
import { queryOf } from './replies.ts'

/** Statuses of direct methods for the results of 0x0001. */
const statuses: Readonly<Record<number, number>> = {
  [results.ok]: 200,
  [results.badMessage]: 400,
  [results.unsupported]: 501,
}
const failedStatus = 500

/** The receipt that a reply makes. */
export interface CommandReply {
  readonly receipt: Receipt<Command>
  /** False where the endpoint has most likely given the command up: what the reply says must not be lost with the receipt. */
  readonly isAwaited: boolean
}

/** Called for a command that cannot be written; it answers that one to the endpoint. */
export type RefuseCommand = (error: GatewayError, command: Command) => void

/** Commands of the hub on their way to a terminal, and its answers to them. */
export class CommandSide {
  readonly #platform: Platform
  readonly #given = new GivenCommands()
  readonly #held = new HeldCommands()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** The message that a command makes; none while the terminal may not be sent any. Throws for what no message can carry. */
  encode(command: Command, terminal: Terminal | undefined): readonly Buffer[] {
    if (terminal !== undefined) return [this.#message(command, terminal)]
    // Before it has authenticated itself it may be anybody. What no message means is refused at once all the same.
    askedBy(command)
    this.#held.hold(command)
    return []
  }

  /** The terminal may be sent commands: those that waited. Those whose time is over, or that turn out to be too long for it, are refused. */
  release(terminal: Terminal | undefined, refuse: RefuseCommand): readonly Buffer[] {
    if (terminal === undefined) return []
    return this.#held.release(refuse).flatMap((command) => {
      try {
        return [this.#message(command, terminal)]
      } catch (thrown) {
        refuse(GatewayError.from(thrown), command)
        return []
      }
    })
  }

  /** The receipt of the command that a terminal's message answers; undefined where it answers none. */
  answered(id: number, fields: MessageFields): CommandReply | undefined {
    const query = queryOf(id)
    const answered = query === undefined ? this.#answeredBy(fields.reply_serial) : this.#given.takeOldest(idText(query))
    if (answered === undefined) return undefined
    const { command, isAwaited } = answered
    const { result = results.ok } = fields
    const status = statuses[result as number] ?? failedStatus
    const outcome = result === results.ok ? 'complete' : 'reject'
    return { receipt: receipt(command, outcome, undefined, { status, body: fields }), isAwaited }
  }

  #answeredBy(serial: unknown): AnsweredCommand | undefined {
    const command = this.#given.take(String(serial))
    return command && { command, isAwaited: !isGivenUp(command) }
  }

  #message(command: Command, terminal: Terminal): Buffer {
    const { id, body } = askedBy(command)
    const { frame, serial } = this.#platform.message(terminal, id, body(terminal.version2019))
    this.#given.add(command, String(serial), idText(id))
    return frame
  }
}
