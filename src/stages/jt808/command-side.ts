import { type Command, type Receipt, receipt } from '../../core/items.ts'
import { results } from './answers.ts'
import { askedBy } from './commands.ts'
import type { MessageFields } from './fields.ts'
import type { Terminal } from './message.ts'
import type { Platform } from './platform.ts'
import { queryOf } from './replies.ts'
import { SentCommands } from './sent-commands.ts'

/** More than any endpoint lets wait. */
const mostHeld = 256

/** Statuses of direct methods for the results of 0x0001. */
const statuses: Readonly<Record<number, number>> = {
  [results.ok]: 200,
  [results.badMessage]: 400,
  [results.unsupported]: 501,
}
const failedStatus = 500

/** Commands of the hub on their way to a terminal, and its answers to them. */
export class CommandSide {
  readonly #platform: Platform
  readonly #timeoutMs: number
  readonly #sent = new SentCommands()
  #held: { readonly command: Command; readonly since: number }[] = []

  constructor(platform: Platform, timeoutMs: number) {
    this.#platform = platform
    this.#timeoutMs = timeoutMs
  }

  /** The message that a command makes; none while the terminal may not be sent any. Throws for what no message can carry. */
  encode(command: Command, terminal: Terminal | undefined): readonly Buffer[] {
    if (terminal !== undefined) return [this.#message(command, terminal)]
    // Before it has authenticated itself it may be anybody. What no message means is refused at once all the same.
    askedBy(command)
    const since = performance.now()
    const others = this.#waiting(since).filter((held) => held.command.id !== command.id)
    this.#held = [...others, { command, since }].slice(-mostHeld)
    return []
  }

  /** The terminal may be sent commands: those that waited and are not given up yet. */
  release(terminal: Terminal | undefined): readonly Buffer[] {
    if (terminal === undefined || this.#held.length === 0) return []
    const waiting = this.#waiting(performance.now())
    this.#held = []
    return waiting.flatMap(({ command }) => this.#heldMessage(command, terminal))
  }

  /** The receipt of the command that a terminal's message answers; undefined where none waits for it. */
  answered(id: number, fields: MessageFields): Receipt<Command> | undefined {
    const query = queryOf(id)
    const { reply_serial: serial, result = results.ok } = fields
    const command =
      query !== undefined
        ? this.#sent.takeOldest(query)
        : typeof serial === 'number'
          ? this.#sent.takeSerial(serial)
          : undefined
    if (command === undefined) return undefined
    const status = statuses[result as number] ?? failedStatus
    return receipt(command, result === results.ok ? 'complete' : 'reject', undefined, { status, body: fields })
  }

  #message(command: Command, terminal: Terminal): Buffer {
    const { id, body } = askedBy(command)
    const { frame, serial } = this.#platform.message(terminal, id, body(terminal.version2019))
    this.#sent.add(serial, id, command)
    return frame
  }

  /** What turns out to be too long for this terminal cannot be refused any more: its time runs out. */
  #heldMessage(command: Command, terminal: Terminal): readonly Buffer[] {
    try {
      return [this.#message(command, terminal)]
    } catch {
      return []
    }
  }

  #waiting(now: number) {
    // After half of the time: one that goes out when the endpoint gives it up would be delivered, and obeyed, again.
    return this.#held.filter(({ since }) => now - since < this.#timeoutMs / 2)
  }
}
