import { connect } from 'node:net'
import { DeviceLink } from './device-link.ts'

const newline = 0x0a
const begin = '{"$command":{"id":"'

/** A device that answers every command at once, and insists that they come in their order. */
export class CommandDevice {
  readonly #deviceId: string
  readonly #link: DeviceLink
  #welcomed: () => void = () => {}
  #rest: Buffer | undefined
  #heard = 0

  constructor(port: number, deviceId: string) {
    this.#deviceId = deviceId
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#link = new DeviceLink(socket, 'server', (chunk) => this.#hear(chunk))
  }

  /** Commands that came and were answered. */
  get heard(): number {
    return this.#heard
  }

  /** Rejects when something else came than the next command, or the connection ended. */
  get failed(): Promise<never> {
    return this.#link.failed
  }

  /** Resolves when it is welcome. */
  async greet(): Promise<void> {
    const welcomed = new Promise<void>((resolve) => {
      this.#welcomed = resolve
    })
    this.#link.socket.write(`${JSON.stringify({ $hello: { deviceId: this.#deviceId } })}\n`)
    await Promise.race([welcomed, this.#link.failed])
  }

  /** Sends FIN; resolves when the server has closed too. */
  async close(): Promise<void> {
    await this.#link.close()
  }

  #hear(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let answers = ''
    let at = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
      answers += this.#answer(bytes.toString('latin1', at, end))
      at = end + 1
    }
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at)
    if (answers !== '') this.#link.socket.write(answers, 'latin1')
  }

  #answer(line: string): string {
    const id = `${this.#deviceId}-${this.#heard + 1}`
    if (line.startsWith(`${begin}${id}"`)) {
      this.#heard++
      return `{"$answer":"${id}","outcome":"complete"}\n`
    }
    if (line === `{"$welcome":"${this.#deviceId}"}`) this.#welcomed()
    else this.#link.fail(new Error(`the command ${id} should have come, not ${line}`))
    return ''
  }
}
