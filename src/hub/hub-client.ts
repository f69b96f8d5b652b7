import { type Dispatcher, Pool } from 'undici'
import { GatewayError } from '../core/errors.ts'
import type { HubAddress } from './connection-string.ts'
import { networkError } from './http-failure.ts'

/** Options of {@link HubClient}. */
export interface HubClientOptions {
  readonly address: HubAddress
  /** Certificate authorities in PEM for a private hub; undefined trusts the system's. */
  readonly ca: string | undefined
  /** Sockets for sends and settlements, and a quarter as many for polls. */
  readonly maxSockets: number
  /** A request is given up after so long, whatever the hub does. */
  readonly timeoutMs: number
}

/** A request to the hub. */
export interface HubRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** What it is, for the error of its deadline: `send`, `receive`, `settle`. */
  readonly operation: string
}

/** What the hub answered. */
export interface HubAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Hears how a request ended, once: with an error or with an answer. Not before {@link HubClient.request} has returned. */
export type HubAnswered = (error: GatewayError | undefined, answer: HubAnswer | undefined) => void

/** A request that was made. */
export interface HubExchange {
  /** Ends it with this error, unless it has ended. Its socket is closed where it has one, else it is not sent. */
  giveUp(reason: GatewayError): void
}

/** Longer than the hub leaves a socket alone that has nothing to do; where the hub says how long it does, that counts. */
const idleSocketMs = 120_000

/**
 * The sockets to one hub that all devices share: undici, keep-alive, one request at a time on each. Polls have sockets of their own: a hub
 * that hangs over them must not hold up readings. A request that fails is not sent again here.
 */
export class HubClient {
  readonly #lane: Lane
  readonly #pollLane: Lane
  readonly #timeoutMs: number

  constructor({ address, ca, maxSockets, timeoutMs }: HubClientOptions) {
    const origin = `https://${address.host}:${address.port}`
    const options: Pool.Options = {
      pipelining: 1,
      keepAliveTimeout: idleSocketMs,
      // Every request has a deadline of its own, and timers of undici's would only be more of them.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: timeoutMs, ...(ca !== undefined && { ca }) },
    }
    this.#lane = new Lane(origin, options, maxSockets)
    this.#pollLane = new Lane(origin, options, Math.ceil(maxSockets / 4))
    this.#timeoutMs = timeoutMs
  }

  /** Sends a request when there is a socket for it, in the order of asking. Its deadline counts from now. */
  request(request: HubRequest, answered: HubAnswered): HubExchange {
    const lane = request.operation === 'receive' ? this.#pollLane : this.#lane
    const exchange = new Exchange(request, lane, this.#timeoutMs, answered)
    lane.start(exchange)
    return exchange
  }

  /** Ends what is in flight and closes all sockets. */
  async close(): Promise<void> {
    await Promise.all([this.#lane.close(), this.#pollLane.close()])
  }
}

/**
 * Sockets that share a limit, and the requests that wait for one. They wait here rather than in undici's queue, from which a request that
 * was given up is not taken: it would be written, and its socket closed for it.
 */
class Lane {
  readonly #pool: Pool
  readonly #connections: number
  readonly #waiting = new Set<Exchange>()
  #inFlight = 0

  constructor(origin: string, options: Pool.Options, connections: number) {
    this.#pool = new Pool(origin, { ...options, connections })
    this.#connections = connections
  }

  start(exchange: Exchange): void {
    if (this.#inFlight < this.#connections) this.#dispatch(exchange)
    else this.#waiting.add(exchange)
  }

  /** Called for each that was started, when it has ended. */
  ended(exchange: Exchange): void {
    if (this.#waiting.delete(exchange)) return
    this.#inFlight--
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.#dispatch(next)
      return
    }
  }

  async close(): Promise<void> {
    for (const exchange of this.#waiting) {
      exchange.giveUp(new GatewayError('HUB_SESSION_CLOSED', 'the gateway let go of the hub'))
    }
    await this.#pool.destroy()
  }

  #dispatch(exchange: Exchange): void {
    this.#inFlight++
    const { method, path, headers, body } = exchange.request
    const options: Dispatcher.DispatchOptions = {
      method: method as Dispatcher.HttpMethod,
      path,
      headers: headers as Record<string, string>,
      body: body.length === 0 ? null : body,
    }
    this.#pool.dispatch(options, exchange)
  }
}

/** Larger than any command (64 KB), its headers apart, and any error. */
const largestAnswerBytes = 1_000_000

const noBytes = Buffer.alloc(0)

/** One request with its answer. */
class Exchange implements HubExchange, Dispatcher.DispatchHandler {
  readonly request: HubRequest
  readonly #lane: Lane
  readonly #answered: HubAnswered
  readonly #deadline: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #ended = false
  #statusCode = 0
  #headers: HubAnswer['headers'] = {}
  #chunks: Buffer[] | undefined
  #bytes = 0

  constructor(request: HubRequest, lane: Lane, timeoutMs: number, answered: HubAnswered) {
    this.request = request
    this.#lane = lane
    this.#answered = answered
    this.#deadline = setTimeout(() => {
      const words = `the hub did not answer a ${request.operation} within ${timeoutMs} ms`
      this.giveUp(new GatewayError('HUB_TIMEOUT', words))
    }, timeoutMs)
  }

  giveUp(reason: GatewayError): void {
    if (this.#ended) return
    this.#controller?.abort(reason)
    this.#end(reason, undefined)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while its socket was being connected.
    if (this.#ended) controller.abort(new Error('the request was given up'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: HubAnswer['headers']): void {
    this.#statusCode = statusCode
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > largestAnswerBytes) {
      this.giveUp(networkError(new Error(`an answer of over ${largestAnswerBytes} bytes`)))
      return
    }
    this.#chunks ??= []
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const chunks = this.#chunks
    const body = chunks === undefined ? noBytes : chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    this.#end(undefined, { statusCode: this.#statusCode, headers: this.#headers, body })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // What cannot be sent at all, such as a header that no HTTP message may hold, fails while it is being handed over.
    queueMicrotask(() => this.#end(networkError(error), undefined))
  }

  #end(error: GatewayError | undefined, answer: HubAnswer | undefined): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#lane.ended(this)
    this.#answered(error, answer)
  }
}
