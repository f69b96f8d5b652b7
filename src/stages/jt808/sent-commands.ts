import type { Command } from '../../core/items.ts'

interface Sent {
  readonly command: Command
  /** Of the message that it became. */
  readonly id: number
}

/** More than any endpoint lets wait: the oldest has been given up long ago. */
const mostSent = 256

/** Commands that went to the terminal, by the serials of their messages. */
export class SentCommands {
  readonly #sent = new Map<number, Sent>()

  /** One went out. One that comes again has waited since then, under its new serial alone. */
  add(serial: number, id: number, command: Command): void {
    for (const [other, sent] of this.#sent) {
      if (sent.command.id === command.id) this.#sent.delete(other)
    }
    this.#sent.set(serial, { command, id })
    if (this.#sent.size > mostSent) this.#sent.delete(this.#sent.keys().next().value as number)
  }

  /** The command of a serial, which then waits no longer. */
  takeSerial(serial: number): Command | undefined {
    const sent = this.#sent.get(serial)
    this.#sent.delete(serial)
    return sent?.command
  }

  /** The command that has waited longest as a message of this id, for replies that name no serial. */
  takeOldest(id: number): Command | undefined {
    for (const [serial, sent] of this.#sent) if (sent.id === id) return this.takeSerial(serial)
    return undefined
  }
}
