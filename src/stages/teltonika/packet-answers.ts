import { GatewayError } from '../../core/errors.ts'

/** A device waits for each answer before it sends the next packet; the ring alone bounds only packets that have records. */
const mostOwed = 1024

interface OwedAnswer {
  readonly packet: object
  /** Undefined as long as the hub has not answered. */
  records: number | undefined
}

/**
 * The order in which packets are answered: that in which they came. An answer is a count without a number, so one that overtook another
 * would be taken for that, and the device would delete records that the hub has not got, or keep those that it has.
 */
export class PacketAnswers {
  /** Oldest first. */
  readonly #owed: OwedAnswer[] = []

  /**
   * A packet came whose answer is owed. `packet` is what it is known by, such as the tag of its records. Throws `BAD_CONTENT` where 1,024
   * wait already: the packet is not answered.
   */
  owe(packet: object): void {
    if (this.#owed.length >= mostOwed) {
      throw new GatewayError('BAD_CONTENT', `a packet came while ${mostOwed} before it wait for their answer`)
    }
    this.#owed.push({ packet, records: undefined })
  }

  /** The answer to a packet is known. Gives the counts that are to be said now, in their order: none while an older packet waits for its own. */
  known(packet: object, records: number): readonly number[] {
    const found = this.#owed.find((each) => each.packet === packet)
    if (found !== undefined) found.records = records
    const said: number[] = []
    for (let count = this.#owed[0]?.records; count !== undefined; count = this.#owed[0]?.records) {
      said.push(count)
      this.#owed.shift()
    }
    return said
  }

  /** How many packets wait for their answer. */
  get size(): number {
    return this.#owed.length
  }
}
