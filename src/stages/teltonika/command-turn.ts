import type { Command } from '../../core/items.ts'
import type { SpokenCommand } from './command-frame.ts'

/** More answers than these are not waited for any more. */
const mostOwed = 16

/** A command that an answer settles. */
export interface AnsweredCommand {
  readonly command: Command
  /** True at the end of the time in which the endpoint waits for it, and after: it may have given the command up without telling. */
  readonly isLate: boolean
}

interface Given {
  readonly spoken: SpokenCommand
  readonly since: number
}

/**
 * Whose turn it is: one command at a time, since answers bear no number. A command is held while the device waits for the answer
 * to a packet, and until it has had the first of them: before that it takes none.
 *
 * A command that comes while another waits means that the endpoint has given the other up (it gives one at a time). What was given up owes
 * its answer still: the next one of its codec is taken for that, so that it never settles a command that it does not answer. A device that
 * answered late twice in a row would defeat that; one that never answered would put all later answers off by one. So the debt is forgotten
 * when the next command is given up too although an answer came.
 */
export class CommandTurn {
  readonly #answerTimeoutMs: number
  #held: Given | undefined
  #waiting: Given | undefined
  #owed: SpokenCommand[] = []
  #paid = false
  #mayTake = false
  #packets = 0

  /** `answerTimeoutMs`: how long the endpoint waits for an answer. After half of it a held command is not sent any more. */
  constructor(answerTimeoutMs: number) {
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** A command to be sent; the frame, if it may go at once. */
  give(spoken: SpokenCommand): Buffer | undefined {
    this.#giveUp()
    this.#held = { spoken, since: performance.now() }
    return this.#release()
  }

  /** A packet came whose answer is owed. */
  packetCame(): void {
    this.#packets++
  }

  /** A packet is answered: the frame of the command that waited for that. */
  packetAnswered(): Buffer | undefined {
    this.#packets--
    this.#mayTake = true
    return this.#release()
  }

  /** The command that an answer of a codec settles; undefined where nobody waits for it. */
  answered(codec: number): AnsweredCommand | undefined {
    const waiting = this.#waiting?.spoken.codec === codec ? this.#waiting : undefined
    const owing = this.#owed.findIndex((each) => each.codec === codec)
    if (owing >= 0) {
      const [owed] = this.#owed.splice(owing, 1) as [SpokenCommand]
      this.#paid = true
      if (owed.command.id !== waiting?.spoken.command.id) return undefined
      // The same command sent twice: the first answer settles it, the other one is owed.
      this.#owed.push(owed)
    }
    if (waiting === undefined) return undefined
    this.#waiting = undefined
    // Nine tenths, since the endpoint began to count before us.
    const isLate = performance.now() - waiting.since >= 0.9 * this.#answerTimeoutMs
    return { command: waiting.spoken.command, isLate }
  }

  #giveUp(): void {
    this.#held = undefined
    if (this.#waiting === undefined) return
    if (this.#paid) this.#owed = []
    else this.#owed.push(this.#waiting.spoken)
    if (this.#owed.length > mostOwed) this.#owed.shift()
    this.#waiting = undefined
  }

  #release(): Buffer | undefined {
    if (this.#held === undefined || !this.#mayTake || this.#packets > 0) return undefined
    const held = this.#held
    this.#held = undefined
    // The endpoint may have given it up by now, or will before the device can answer.
    if (performance.now() - held.since > this.#answerTimeoutMs / 2) return undefined
    this.#waiting = held
    this.#paid = false
    return held.spoken.frame
  }
}
