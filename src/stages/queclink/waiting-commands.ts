import { randomInt } from 'node:crypto'
import type { Command } from '../../core/items.ts'
import { fourDigits } from './wire.ts'

/** More commands than any endpoint lets wait: the oldest of them has been given up long ago. */
const rememberedCommands = 256

/** The commands that a device was given and has not answered, by the serials that they were given under. */
export class WaitingCommands {
  readonly #waiting = new Map<string, { readonly key: string; readonly command: Command }>()
  /** Not from 1 on each connection: an answer that is late by a connection would be that of another command. */
  #serial: number

  constructor(firstSerial = randomInt(0x1_0000)) {
    this.#serial = firstSerial - 1
  }

  /** The next serial that no waiting command has, four hexadecimal digits. */
  nextSerial(): string {
    const taken = new Set([...this.#waiting.values()].map(({ key }) => key.slice(-4)))
    let serial: string
    do serial = fourDigits(++this.#serial)
    while (taken.has(serial))
    return serial
  }

  /** A command goes down. One that comes again waits under its new serial only. */
  add(command: Command, report: string, serial: string): void {
    this.#waiting.delete(command.id)
    this.#waiting.set(command.id, { key: keyOf(report, serial), command })
    if (this.#waiting.size > rememberedCommands) this.#waiting.delete(this.#waiting.keys().next().value as string)
  }

  /** The command that a device answers, which waits no more: of several under one serial the oldest. Undefined where none waits. */
  answered(report: string, serial: string): Command | undefined {
    const key = keyOf(report, serial)
    for (const [id, waiting] of this.#waiting) {
      if (waiting.key !== key) continue
      this.#waiting.delete(id)
      return waiting.command
    }
    return undefined
  }
}

function keyOf(report: string, serial: string): string {
  return `${report}-${serial.toUpperCase()}`
}
