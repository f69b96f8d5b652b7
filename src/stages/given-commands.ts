import { GatewayError } from '../core/errors.ts'
import { type Command, type Outcome, type Receipt, receipt } from '../core/items.ts'

/** What a device says of a command. */
export interface CommandAnswer {
  /** The command's name, as the device was given it; without it, the command that has waited longest is meant. */
  readonly id?: string | undefined
  /** Default `complete`. */
  readonly outcome?: Outcome | undefined
  /** A direct method's status, an integer; 200 where there is only a body. */
  readonly status?: number | undefined
  /** A direct method's result. */
  readonly body?: unknown
}

/** More commands than any endpoint lets wait: the oldest of them has been given up long ago. */
const rememberedCommands = 256

/** The commands that a connection's device was given and has not answered. */
export class GivenCommands {
  readonly #commands = new Map<string, Command>()

  /** A command goes down; the device knows it as `name`, default its id. One that comes again has waited since then. */
  add(command: Command, name = command.id): void {
    this.#commands.delete(name)
    this.#commands.set(name, command)
    if (this.#commands.size > rememberedCommands) this.#commands.delete(this.#oldest as string)
  }

  /** The receipt that an answer makes. Throws `BAD_CONTENT` for an answer that says nothing, `UNKNOWN_COMMAND` where no such command waits. */
  answered(answer: CommandAnswer): Receipt<Command> {
    const { id = this.#oldest, outcome = 'complete', status, body } = answer
    if (outcome !== 'complete' && outcome !== 'abandon' && outcome !== 'reject') {
      throw new GatewayError('BAD_CONTENT', 'the outcome of an answer is none of complete, abandon, reject')
    }
    if (status !== undefined && !Number.isInteger(status)) {
      throw new GatewayError('BAD_CONTENT', 'the status of an answer is not an integer')
    }
    const command = id === undefined ? undefined : this.#commands.get(id)
    if (command === undefined) throw new GatewayError('UNKNOWN_COMMAND', 'no command waits for this answer')
    this.#commands.delete(id as string)
    const hasResponse = status !== undefined || body !== undefined
    return receipt(command, outcome, undefined, hasResponse ? { status: status ?? 200, body } : undefined)
  }

  /** Whether a command of that name waits. */
  has(name: string): boolean {
    return this.#commands.has(name)
  }

  get #oldest(): string | undefined {
    return this.#commands.keys().next().value
  }
}
