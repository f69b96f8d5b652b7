import type { Socket } from 'node:net'
import type { Command } from '../../src/core/items.ts'
import { jsonBody } from '../../src/stages/json-body.ts'
import type { CommandSupply } from './command-supply.ts'
import { listenPlain } from './plain-server.ts'

/** The same work as the pipeline's way down, by somebody who knows what he does; what one read sets free is one write. */
export async function listenWithCommands(supply: CommandSupply): Promise<number> {
  const devices = new Set<PlainDevice>()
  const port = await listenPlain((socket) => {
    const device = new PlainDevice(socket, supply)
    devices.add(device)
    socket.once('close', () => devices.delete(device))
  })
  setInterval(() => {
    const now = Date.now()
    for (const device of devices) device.expire(now)
  }, sweepMs).unref()
  return port
}

const longestLine = 8192
const mostUnanswered = 8
const answerTimeoutMs = 50_000
const sweepMs = 1000

class PlainDevice {
  readonly #socket: Socket
  readonly #supply: CommandSupply
  /** When each command that waits for its answer is given up, by its id. */
  readonly #unanswered = new Map<string, number>()
  #deviceId = ''
  #had = 0
  #rest = ''

  constructor(socket: Socket, supply: CommandSupply) {
    this.#socket = socket
    this.#supply = supply
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#take(text))
    socket.on('drain', () => this.#give(''))
  }

  /** Gives up what has not been answered in time. */
  expire(now: number): void {
    for (const [id, answerBefore] of this.#unanswered) {
      if (now >= answerBefore) this.#unanswered.delete(id)
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    if (this.#rest.length > longestLine) throw new Error('a line is too long')
    let said = ''
    for (const line of lines) said += this.#hear(line.endsWith('\r') ? line.slice(0, -1) : line)
    this.#give(said)
  }

  #hear(line: string): string {
    if (line.length > longestLine) throw new Error('a line is too long')
    const value = JSON.parse(line) as { $hello?: { deviceId: string }; $answer?: string; outcome?: string }
    if (value.$hello !== undefined) {
      this.#deviceId = value.$hello.deviceId
      return `{"$welcome":"${this.#deviceId}"}\n`
    }
    const { $answer, outcome } = value
    if (typeof $answer !== 'string' || !this.#unanswered.delete($answer)) throw new Error('an answer to no command')
    if (outcome !== 'complete') throw new Error(`a device answered ${outcome}`)
    this.#supply.complete()
    return ''
  }

  /** Writes what was said and as many commands as the device may have. */
  #give(said: string): void {
    let text = said
    // A device that does not read is given nothing more.
    while (this.#unanswered.size < mostUnanswered && !this.#socket.writableNeedDrain) {
      const next = this.#supply.take(this.#deviceId, this.#had)
      if (next === undefined) {
        if (this.#deviceId !== '' && this.#unanswered.size === 0) this.#supply.whenMore(() => this.#give(''))
        break
      }
      this.#had++
      this.#unanswered.set(next.id, Date.now() + answerTimeoutMs)
      text += commandLine(next)
    }
    if (text !== '') this.#socket.write(text)
  }
}

function commandLine({ id, via, name, body, properties }: Command): string {
  const head = JSON.stringify({ id, via, name }).slice(0, -1)
  return `{"$command":${head},"body":${jsonBody(body)},"properties":${JSON.stringify(properties)}}}\n`
}
