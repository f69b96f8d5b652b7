import { isGivenUp, isOver } from '../core/command-expiry.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Command } from '../core/items.ts'

/** More than any endpoint lets wait. */
const mostHeld = 256

/**
 * Commands that came before their device may be written to. None is written when its time is over: the endpoint has told the hub so, or
 * will when the codec refuses it.
 */
export class HeldCommands {
  /** Oldest first. */
  #held: Command[] = []

  /** One waits. It replaces what the hub has given before under the same id. */
  hold(command: Command): void {
    this.#held = [...this.#held.filter((each) => !isGivenUp(each) && each.id !== command.id), command].slice(-mostHeld)
  }

  /**
   * What may be written now, in the order in which it came; nothing waits any more. `refuse` is called with `COMMAND_EXPIRED` for each whose
   * time is over and for which the endpoint still waits: it answers that one to the endpoint.
   */
  release(refuse: (error: GatewayError, command: Command) => void): readonly Command[] {
    const held = this.#held
    this.#held = []
    return held.filter((command) => !isOver(command, refuse))
  }
}
