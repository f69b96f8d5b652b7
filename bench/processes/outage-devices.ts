import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { answer } from './answer.ts'

/** What devices sent and were told. */
export interface Told {
  readonly sent: number
  readonly acknowledged: number
  /** Told to send again; these devices do not, so that the day goes on. */
  readonly refused: number
}

/** Readings that a device leaves unanswered while it sends as fast as it may. */
const window = 500

class OutageDevice {
  readonly #socket: Socket
  readonly #deviceId: string
  readonly welcomed: Promise<void>
  #welcome = () => {}
  #rest = ''
  #heard = () => {}
  sent = 0
  acknowledged = 0
  refused = 0

  constructor(port: number, deviceId: string) {
    this.#deviceId = deviceId
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.welcomed = new Promise((resolve) => {
      this.#welcome = resolve
    })
    this.#socket.write(`${JSON.stringify({ $hello: { deviceId } })}\n`)
    this.#socket.on('data', (chunk) => this.#hear(chunk.toString('latin1')))
    this.#socket.on('error', (error) => process.stderr.write(`${deviceId}: ${error.message}\n`))
  }

  get unanswered(): number {
    return this.sent - this.acknowledged - this.refused
  }

  /** Writes so many readings of about 100 bytes; `at` is when they were made, for whoever measures how late they are. */
  async write(count: number): Promise<void> {
    let lines = ''
    for (let left = count; left > 0; left--) {
      const number = this.sent++
      lines += `{"$seq":${number},"device":"${this.#deviceId}","n":${number},"at":${Date.now()},"t":21.5,"rh":45,"ok":true}\n`
    }
    if (!this.#socket.write(lines)) await once(this.#socket, 'drain')
  }

  async flood(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 100) {
      while (this.unanswered >= window) await new Promise<void>((resolve) => (this.#heard = resolve))
      await this.write(Math.min(100, left))
      await turn()
    }
    await this.answered()
  }

  async answered(): Promise<void> {
    while (this.unanswered > 0) await new Promise<void>((resolve) => (this.#heard = resolve))
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('{"$ack":')) this.acknowledged++
      else if (line.startsWith('{"$nack":')) this.refused++
      else if (line.startsWith('{"$welcome":')) this.#welcome()
      else process.stderr.write(`${this.#deviceId} heard ${line}\n`)
    }
    this.#heard()
  }
}

const devices = new Map<string, OutageDevice>()
let living: NodeJS.Timeout | undefined

const outageDevices = {
  /** Connects devices; resolves when all are welcome. */
  async open(port: number, deviceIds: readonly string[]): Promise<void> {
    const opened = deviceIds.map((deviceId) => new OutageDevice(port, deviceId))
    for (const [index, device] of opened.entries()) devices.set(deviceIds[index] as string, device)
    await Promise.all(opened.map(({ welcomed }) => welcomed))
  },

  /** So many readings of all devices together, as fast as they are answered. */
  async flood(count: number): Promise<void> {
    const all = [...devices.values()]
    await Promise.all(all.map((device) => device.flood(Math.floor(count / all.length))))
  },

  /** From now on a reading a second of every device. */
  live(): void {
    const all = [...devices.values()]
    let index = 0
    living = setInterval(() => void all[index++ % all.length]?.write(1), 1000 / all.length)
  },

  /** No more readings; resolves when all are answered. */
  async finish(): Promise<void> {
    clearInterval(living)
    await Promise.all([...devices.values()].map((device) => device.answered()))
  },

  told(): Told {
    const all = [...devices.values()]
    const sum = (of: (device: OutageDevice) => number) => all.reduce((total, device) => total + of(device), 0)
    return {
      sent: sum(({ sent }) => sent),
      acknowledged: sum((each) => each.acknowledged),
      refused: sum(({ refused }) => refused),
    }
  },
}

/** What the devices' process answers. */
export type OutageDevices = typeof outageDevices

answer(outageDevices)
