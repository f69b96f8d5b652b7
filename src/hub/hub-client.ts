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

/** Hears how a request ended, once. */
export type HubAnswered = (error: GatewayError | undefined, answer: HubAnswer | undefined) => void

/** Longer than the hub leaves a socket alone that has nothing to do; where the hub says how long it does, that counts. */
const idleSocketMs = 120_000

/**
 * The sockets to one hub that all devices share: undici, keep-alive, one request at a time on each. Polls have sockets of their own: a hub
 * that hangs over them must not hold up readings. A request that fails is not sent again here.
 */
export class HubClient {
  readonly #pool: Pool
  readonly #polls: Pool
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
    this.#pool = new Pool(origin, { ...options, connections: maxSockets })
    this.#polls = new Pool(origin, { ...options, connections: Math.ceil(maxSockets / 4) })
    this.#timeoutMs = timeoutMs
  }

  /** Sends a request. `answered` is called once; what this returns gives the request up. */
  request(request: HubRequest, answered: HubAnswered): (reason: GatewayError) => void {
    const exchange = new Exchange(request.operation, this.#timeoutMs, answered)
    const pool = request.operation === 'receive' ? this.#polls : this.#pool
    const { method, path, headers, body } = request
    const options: Dispatcher.DispatchOptions = {
      method: method as Dispatcher.HttpMethod,
      path,
      headers: headers as Record<string, string>,
      body: body.length === 0 ? null : body,
    }
    try {
      pool.dispatch(options, exchange)
    } catch (thrown) {
      // Such as a header that no HTTP message can carry.
      queueMicrotask(() => exchange.giveUp(networkError(thrown)))
    }
    return (reason) => exchange.giveUp(reason)
  }

  /** Ends what is in flight and closes all sockets. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#polls.destroy()])
  }
}

/** Larger than any command (64 KB), its headers apart, and any error. */
const largestAnswerBytes = 1_000_000

const noBytes = Buffer.alloc(0)

/** One request with its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #answered: HubAnswered
  readonly #deadline: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #ended = false
  #statusCode = 0
  #headers: HubAnswer['headers'] = {}
  #chunks: Buffer[] | undefined
  #bytes = 0

  constructor(operation: string, timeoutMs: number, answered: HubAnswered) {
    this.#answered = answered
    this.#deadline = setTimeout(() => {
      this.giveUp(new GatewayError('HUB_TIMEOUT', `the hub did not answer a ${operation} within ${timeoutMs} ms`))
    }, timeoutMs)
  }

  /** Also while the request waits for a socket: it is then not sent. */
  giveUp(reason: GatewayError): void {
    if (this.#ended) return
    this.#controller?.abort(reason)
    this.#end(reason, undefined)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
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
    // A pool that is closed says so at once, while whoever asks does not expect an answer yet.
    if (this.#controller === undefined) queueMicrotask(() => this.#end(networkError(error), undefined))
    else this.#end(networkError(error), undefined)
  }

  #end(error: GatewayError | undefined, answer: HubAnswer | undefined): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#answered(error, answer)
  }
}
