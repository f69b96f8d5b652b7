import { isGivenUp } from '../core/command-expiry.ts'
import { GatewayError } from '../core/errors.ts'
import { type Command, type Outcome, type Receipt, receipt } from '../core/items.ts'

/** What a device says of a command. */
export interface CommandAnswer {
  /** The command's name, as the device was given it; without it, the oldest that was written and not answered is meant. */
  readonly id?: string | undefined
  /** Default `complete`. */
  readonly outcome?: Outcome | undefined
  /** A direct method's status, an integer; 200 where there is only a body. */
  readonly status?: number | undefined
  /** A direct method's result. */
  readonly body?: unknown
}

/** The command that an answer without a name belongs to. */
export interface AnsweredCommand {
  readonly command: Command
  /**
   * False where the command was given up or answered before: the receipt will be counted as `UNKNOWN_COMMAND`, unless the endpoint had to
   * wait for longer because the way up was held.
   */
  readonly isAwaited: boolean
}

interface Written {
  readonly command: Command
  /** Of answers without a name: which of them are to it. */
  readonly kind: string
  /** Milliseconds of `Date.now()`. */
  readonly writtenAt: number
  /** Undefined from the moment on at which the same command was written under another one. */
  name: string | undefined
  /** The same command was written twice, and one answer has settled it. */
  isSettled: boolean
  /** While it waited an answer was taken for that of an older one: it may have been its own. */
  wasPassedOver: boolean
}

/** More commands than any endpoint lets wait: the oldest of them has been given up long ago. */
const mostWritten = 256

/**
 * The ledger of the commands that one connection's device was given, by which its answers are told apart.
 *
 * An answer with a name is to the command of that name, however late. One without belongs to the oldest that was written and not answered.
 * A command that was given up (`answerBefore`) owes its answer for as long again as it had: one that comes in that time is taken for it, so
 * that it settles no other command; then it is forgotten. After one that is never answered each would take the answer of the next for as long as
 * commands come: so one that is given up although an answer came, which was taken for another's, owes nothing. Price: a device that is late
 * twice in a row settles the third command by the answer to the second.
 */
export class GivenCommands {
  /** Oldest first. */
  #written: Written[] = []

  /**
   * A command was written. The device knows it as `name`, default its id. `kind`: of several sorts of answers without a name, those that it
   * can be answered by. One that is written again is known by its new name alone.
   */
  add(command: Command, name = command.id, kind = ''): void {
    this.#forget()
    for (const each of this.#written) if (each.command.id === command.id) each.name = undefined
    this.#written.push({ command, kind, writtenAt: Date.now(), name, isSettled: false, wasPassedOver: false })
    if (this.#written.length > mostWritten) this.#written.shift()
  }

  /** The names under which commands wait. */
  get names(): readonly string[] {
    return this.#written.flatMap(({ name }) => name ?? [])
  }

  /** Whether a command of that name waits. */
  has(name: string): boolean {
    return this.#written.some((each) => each.name === name)
  }

  /** The command of a name, which then waits no longer; of several the oldest. Undefined where none waits. */
  take(name: string): Command | undefined {
    const command = this.#written.find((each) => each.name === name)?.command
    this.#written = this.#written.filter((each) => each.command.id !== command?.id)
    return command
  }

  /** The command that an answer without a name belongs to, which then waits no longer. Undefined where none is owed. */
  takeOldest(kind = ''): AnsweredCommand | undefined {
    this.#forget()
    const oldest = this.#written.find((each) => each.kind === kind)
    if (oldest === undefined) return undefined
    this.#written = this.#written.filter((each) => each !== oldest)
    const again = this.#written.filter((each) => each.command.id === oldest.command.id)
    const newest = again.at(-1) ?? oldest
    const isAwaited = waits(newest)
    for (const each of again) each.isSettled = true
    if (!isAwaited) {
      for (const each of this.#written) each.wasPassedOver ||= each.kind === kind && waits(each)
    }
    return { command: newest.command, isAwaited }
  }

  /**
   * The receipt that an answer makes; the endpoint tells whether the command still waits for it. Throws `BAD_CONTENT` for an answer that says
   * nothing, `UNKNOWN_COMMAND` where it is to no command.
   */
  answered(answer: CommandAnswer): Receipt<Command> {
    const { id, outcome = 'complete', status, body } = answer
    if (outcome !== 'complete' && outcome !== 'abandon' && outcome !== 'reject') {
      throw new GatewayError('BAD_CONTENT', 'the outcome of an answer is none of complete, abandon, reject')
    }
    if (status !== undefined && !Number.isInteger(status)) {
      throw new GatewayError('BAD_CONTENT', 'the status of an answer is not an integer')
    }
    const command = id === undefined ? this.takeOldest()?.command : this.take(id)
    if (command === undefined) throw new GatewayError('UNKNOWN_COMMAND', 'no command waits for this answer')
    const hasResponse = status !== undefined || body !== undefined
    return receipt(command, outcome, undefined, hasResponse ? { status: status ?? 200, body } : undefined)
  }

  #forget(): void {
    const now = Date.now()
    this.#written = this.#written.filter((each) => {
      const { answerBefore } = each.command
      return waits(each) || (!each.wasPassedOver && now < answerBefore + (answerBefore - each.writtenAt))
    })
  }
}

/** Whether the endpoint waits for the answer to it. */
function waits({ command, isSettled }: Written): boolean {
  return !isSettled && !isGivenUp(command)
}
