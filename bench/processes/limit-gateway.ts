import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Dispatcher, Pool } from 'undici'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { batchRequestOf } from '../parts/device-token.ts'
import { preparedBody } from '../parts/prepared-body.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

const batchCount = 100
const lingerMs = 50
const mostWaiting = 4 * batchCount

const clock = new UsageClock()
let pool: Pool | undefined
let host = ''

/**
 * What the machine can do: a loop that finds lines and parses them, and a pooled client that posts bodies made before. No limits, no errors,
 * no properties, no metrics; acknowledged when the hub has answered.
 */
const limitGateway = {
  async listen({ connectionString, ca }: HubPlace): Promise<number> {
    const address = parseConnectionString(connectionString)
    host = address.host
    pool = new Pool(`https://${host}:${address.port}`, { connections: 64, pipelining: 1, connect: { ca } })
    const server = createServer({ noDelay: true }, (socket) => new LimitDevice(socket))
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, resolve))
    return (server.address() as AddressInfo).port
  },

  start: (): void => clock.start(),

  stop: (): Usage => clock.stop(),
}

/** What the limit gateway process answers. */
export type LimitGateway = typeof limitGateway

class LimitDevice {
  readonly #socket: Socket
  #request: ReturnType<typeof batchRequestOf> | undefined
  #rest = ''
  #waiting: number[] = []
  #sending = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(text))
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    for (const line of lines) {
      const value = JSON.parse(line) as { $hello?: { deviceId: string; key: string }; $seq?: number }
      if (value.$hello === undefined) this.#waiting.push(value.$seq as number)
      else {
        this.#request = batchRequestOf(host, value.$hello.deviceId, value.$hello.key)
        this.#socket.write(`{"$welcome":"${value.$hello.deviceId}"}\n`)
      }
    }
    if (this.#waiting.length >= mostWaiting) this.#socket.pause()
    this.#sendNext(false)
  }

  #sendNext(partial: boolean): void {
    if (this.#sending || this.#request === undefined || this.#waiting.length === 0) return
    if (this.#waiting.length < batchCount && !partial) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#sendNext(true)
      }, lingerMs)
      return
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending = true
    const sequences = this.#waiting.splice(0, batchCount)
    const options = { method: 'POST' as const, body: preparedBody(sequences.length), ...this.#request }
    pool?.dispatch(options, new Answer(() => this.#sent(sequences)))
  }

  #sent(sequences: readonly number[]): void {
    this.#sending = false
    let acknowledged = ''
    for (const sequence of sequences) acknowledged += `{"$ack":${sequence}}\n`
    this.#socket.write(acknowledged, 'latin1')
    if (this.#socket.isPaused() && this.#waiting.length < mostWaiting) this.#socket.resume()
    this.#sendNext(false)
  }
}

class Answer implements Dispatcher.DispatchHandler {
  readonly #accepted: () => void
  #statusCode = 0

  constructor(accepted: () => void) {
    this.#accepted = accepted
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#statusCode = statusCode
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    if (this.#statusCode !== 204) throw new Error(`the hub answered ${this.#statusCode}`)
    this.#accepted()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    throw error
  }
}

answer(limitGateway)
