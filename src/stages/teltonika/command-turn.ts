import type { GatewayError } from '../../core/errors.ts'
import type { Command } from '../../core/items.ts'
import { type AnsweredCommand, GivenCommands } from '../given-commands.ts'
import { HeldCommands } from '../held-commands.ts'
import type { SpokenCommand } from './command-frame.ts'

/**
 * When a command may be asked, and what answers it. A command is held while the device waits for the answer to a packet, and until it has
 * had the first of them: before that it takes none. Answers bear no number: see {@link GivenCommands} for whose they are. The pipeline gives
 * one command at a time, so that only a late answer can be in doubt.
 */
export class CommandTurn {
  readonly #speak: (command: Command) => SpokenCommand
  readonly #held = new HeldCommands()
  readonly #given = new GivenCommands()
  #mayTake = false

  /** `speak` makes the frame of a command, or throws. */
  constructor(speak: (command: Command) => SpokenCommand) {
    this.#speak = speak
  }

  /** A command to be sent while so many packets wait for their answer; the frame, if it may go at once. Throws for one that cannot be said. */
  give(command: Command, owedPackets: number): Buffer | undefined {
    const spoken = this.#speak(command)
    if (this.#mayTake && owedPackets === 0) return this.#ask(spoken)
    this.#held.hold(command)
    return undefined
  }

  /**
   * A packet was answered, so many wait still: the frames of the commands that waited for that. `refuse`: see {@link HeldCommands.release}.
   */
  packetAnswered(owedPackets: number, refuse: (error: GatewayError, command: Command) => void): readonly Buffer[] {
    this.#mayTake = true
    if (owedPackets > 0) return []
    return this.#held.release(refuse).map((command) => this.#ask(this.#speak(command)))
  }

  /** The command that an answer of a codec belongs to; undefined where none is owed. */
  answered(codec: number): AnsweredCommand | undefined {
    return this.#given.takeOldest(String(codec))
  }

  #ask({ command, codec, frame }: SpokenCommand): Buffer {
    this.#given.add(command, command.id, String(codec))
    return frame
  }
}
