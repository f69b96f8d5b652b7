import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Pool } from 'undici'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import type { HubPlace } from '../processes/emulator.ts'
import { AcceptedAnswer } from './accepted-answer.ts'
import { batchRequestOf } from './device-token.ts'
import { type Usage, UsageClock } from './usage.ts'

const batchCount = 100
const lingerMs = 50
const mostWaiting = 4 * batchCount

/** How the limit comes to the bodies that it posts. `Kept` is what it keeps of a reading until the hub has it. */
export interface LimitBodies<Kept> {
  keep(line: string, sequence: number): Kept
  sequenceOf(kept: Kept): number
  body(batch: readonly Kept[]): Buffer
}

/** What a process answers that is a limit to gateways. */
export interface LimitGateway {
  listen(place: HubPlace): Promise<number>
  start(): void
  stop(): Usage
}

/**
 * What the machine can do: a loop that finds lines and parses them, and a pooled client that posts bodies. No limits, no errors, no metrics;
 * acknowledged when the hub has answered.
 */
export function limitGateway<Kept>(bodies: LimitBodies<Kept>): LimitGateway {
  const clock = new UsageClock()
  return {
    async listen({ connectionString, ca }) {
      const { host, port } = parseConnectionString(connectionString)
      const pool = new Pool(`https://${host}:${port}`, { connections: 64, pipelining: 1, connect: { ca } })
      const server = createServer({ noDelay: true }, (socket) => new LimitDevice(socket, bodies, pool, host))
      await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, resolve))
      return (server.address() as AddressInfo).port
    },
    start: () => clock.start(),
    stop: () => clock.stop(),
  }
}

class LimitDevice<Kept> {
  readonly #socket: Socket
  readonly #bodies: LimitBodies<Kept>
  readonly #pool: Pool
  readonly #host: string
  #request: ReturnType<typeof batchRequestOf> | undefined
  #rest = ''
  #waiting: Kept[] = []
  #sending = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, bodies: LimitBodies<Kept>, pool: Pool, host: string) {
    this.#socket = socket
    this.#bodies = bodies
    this.#pool = pool
    this.#host = host
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(text))
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    for (const line of lines) {
      const value = JSON.parse(line) as { $hello?: { deviceId: string; key: string }; $seq?: number }
      if (value.$hello === undefined) this.#waiting.push(this.#bodies.keep(line, value.$seq as number))
      else {
        this.#request = batchRequestOf(this.#host, value.$hello.deviceId, value.$hello.key)
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
    const batch = this.#waiting.splice(0, batchCount)
    const options = { method: 'POST' as const, body: this.#bodies.body(batch), ...this.#request }
    this.#pool.dispatch(options, new AcceptedAnswer(() => this.#sent(batch), end))
  }

  #sent(batch: readonly Kept[]): void {
    this.#sending = false
    let acknowledged = ''
    for (const kept of batch) acknowledged += `{"$ack":${this.#bodies.sequenceOf(kept)}}\n`
    this.#socket.write(acknowledged, 'latin1')
    if (this.#socket.isPaused() && this.#waiting.length < mostWaiting) this.#socket.resume()
    this.#sendNext(false)
  }
}

/** Ends the process: a limit that lost something is none. */
function end(error: Error): never {
  throw error
}
