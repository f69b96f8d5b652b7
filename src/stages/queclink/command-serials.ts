import { randomInt } from 'node:crypto'
import { fourDigits } from './wire.ts'

/** The serials that commands of one connection are given. */
export class CommandSerials {
  /** Not from 1 on each connection: an answer that is late by a connection would be that of another command. */
  #last: number

  constructor(first = randomInt(0x1_0000)) {
    this.#last = first - 1
  }

  /** The next serial, four hexadecimal digits, with which none of the names of fewer than 65,536 waiting commands ends. */
  next(names: readonly string[]): string {
    const taken = new Set(names.map((each) => each.slice(-4)))
    let serial: string
    do serial = fourDigits(++this.#last)
    while (taken.has(serial))
    return serial
  }
}
