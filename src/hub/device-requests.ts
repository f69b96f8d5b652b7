import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import azureCommon, { type Message } from 'azure-iot-common'
import { GatewayError } from '../core/errors.ts'
import type { HubMeter } from '../core/meter.ts'
import { writeBefore } from './command-times.ts'
import type { HubAddress } from './connection-string.ts'
import { httpError, networkError } from './http-failure.ts'

/** What the SDK hands back to itself: an answer's status and headers. */
interface Answer {
  readonly statusCode: number
  readonly headers: IncomingMessage['headers']
  /** When the request began, in milliseconds of `Date.now()`: a lock is no older. */
  readonly askedAt: number
}

type Done = (error: Error | null, body?: Buffer, answer?: Answer) => void

/** What the SDK's Message has no field for. */
export interface CommandDetails {
  readonly deliveryCount: number
  /** The hub's own number of the command: the same each time it is delivered. */
  readonly sequenceNumber: string | undefined
  /** When it must no longer be written to the device, in milliseconds of `Date.now()`. */
  readonly writeBefore: number
}

/** What the requests of all sessions share. */
export interface RequestPool {
  readonly address: HubAddress
  readonly agent: https.Agent
  /** Polls have sockets of their own: a hub that hangs over them must not hold up readings. */
  readonly pollAgent: https.Agent
  /** Certificate authorities in PEM for a private hub; undefined trusts the system's. */
  readonly ca: string | undefined
  /** A request is given up after so long, whatever the hub does. */
  readonly timeoutMs: number
}

/**
 * The request base that the SDK's HTTP transport takes as its second constructor argument: the SDK makes paths, tokens and
 * headers, this sends them, with what the SDK's own base lacks: a deadline on every request, one keep-alive agent, a
 * Content-Length, binary bodies, Retry-After, batches that are valid JSON, and an end to requests in flight.
 */
export class DeviceRequests {
  readonly #pool: RequestPool
  readonly #meter: HubMeter
  readonly #active = new Set<() => void>()
  #batch: Buffer | undefined
  #closed = false
  /** Called when a poll found no command; the SDK keeps silent about that. */
  onEmptyPoll: () => void = () => {}

  constructor(pool: RequestPool, meter: HubMeter) {
    this.#pool = pool
    this.#meter = meter
  }

  /** The SDK's setOptions ends here; what it would set is fixed by the constructor. */
  setOptions(): void {}

  /** The body that the next batch request carries instead of the one that the SDK would concatenate. */
  carry(batch: Buffer): void {
    this.#batch = batch
  }

  /** Called by the SDK; returns the part of a ClientRequest that it uses. */
  buildRequest(
    method: string,
    path: string,
    headers: Record<string, string>,
    _host: string,
    _x509: unknown,
    done: Done,
  ) {
    const isBatch = headers['Content-Type'] === 'application/vnd.microsoft.iothub.json'
    const carried = isBatch ? this.#batch : undefined
    if (isBatch) this.#batch = undefined
    const chunks: Buffer[] = []
    return {
      write: (chunk: string | Buffer) => {
        if (carried === undefined) chunks.push(Buffer.from(chunk))
      },
      end: () => this.#send(method, path, headers, carried ?? Buffer.concat(chunks), done),
    }
  }

  /** Called by the SDK with what {@link DeviceRequests.buildRequest} answered to a poll. */
  toMessage(answer: Answer, body: Buffer): Message {
    const message = new azureCommon.Message(body)
    const header = (name: string) => answer.headers[name]?.toString()
    message.messageId = header('iothub-messageid') ?? ''
    message.correlationId = header('iothub-correlationid') ?? ''
    message.contentType = (header('contenttype') ?? '') as typeof message.contentType
    message.contentEncoding = (header('contentencoding') ?? '') as typeof message.contentEncoding
    message.lockToken = (header('etag') ?? '').replaceAll('"', '')
    for (const name in answer.headers) {
      if (name.startsWith('iothub-app-')) message.properties.add(name.slice('iothub-app-'.length), header(name) ?? '')
    }
    // No field of the SDK's Message is for it; the session reads it back as a transport detail.
    const details: CommandDetails = {
      deliveryCount: Number(header('iothub-deliverycount') ?? 0),
      sequenceNumber: header('iothub-sequencenumber'),
      writeBefore: writeBefore(header('iothub-expiry'), header('date'), answer.askedAt),
    }
    message.transportObj = details
    return message
  }

  /** Ends requests in flight; later ones fail at once. */
  close(): void {
    this.#closed = true
    for (const abort of this.#active) abort()
  }

  #send(method: string, path: string, headers: Record<string, string>, body: Buffer, done: Done): void {
    if (this.#closed) {
      done(closedError())
      return
    }
    const operation = operationOf(method, path)
    const startedAt = performance.now()
    const askedAt = Date.now()
    let ended = false
    const finish = (error: GatewayError | null, content?: Buffer, answer?: Answer) => {
      if (ended) return
      ended = true
      clearTimeout(deadline)
      this.#active.delete(abort)
      this.#meter.request(operation, error?.code ?? 'ok', (performance.now() - startedAt) / 1000)
      if (error?.code === 'HUB_THROTTLED') this.#meter.throttled()
      done(error, content, answer)
      if (operation === 'receive' && error === null && answer?.statusCode !== 200) this.onEmptyPoll()
    }
    const { address, ca, timeoutMs } = this.#pool
    const agent = operation === 'receive' ? this.#pool.pollAgent : this.#pool.agent
    const request = https.request(
      {
        host: address.host,
        port: address.port,
        method,
        path,
        agent,
        headers: { ...headers, 'Content-Length': body.length },
        ...(ca !== undefined && { ca }),
      },
      (response) => {
        collect(response).then(
          (content) => {
            const { statusCode = 0, headers } = response
            if (isAccepted(operation, response)) finish(null, content, { statusCode, headers, askedAt })
            else finish(failed(operation, response, content))
          },
          (error) => finish(networkError(error)),
        )
      },
    )
    const giveUp = (error: GatewayError) => {
      finish(error)
      request.destroy()
    }
    const abort = () => giveUp(closedError())
    const deadline = setTimeout(() => {
      giveUp(new GatewayError('HUB_TIMEOUT', `the hub did not answer a ${operation} within ${timeoutMs} ms`))
    }, timeoutMs)
    this.#active.add(abort)
    request.on('error', (error) => finish(networkError(error)))
    request.end(body)
  }
}

function failed(operation: string, response: IncomingMessage, content: Buffer): GatewayError {
  // Of a command that the hub no longer holds for us; whether it still knows the device the next poll tells.
  if (operation === 'settle' && response.statusCode === 404)
    return new GatewayError('LOCK_LOST', 'the hub answered 404')
  return httpError({
    status: response.statusCode as number,
    retryAfter: response.headers['retry-after'],
    body: content.toString(),
  })
}

/** Larger than any command (64 KB), its headers apart, and any error. */
const largestAnswerBytes = 1_000_000

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > largestAnswerBytes) throw new Error(`an answer of over ${largestAnswerBytes} bytes`)
  }
  return Buffer.concat(chunks)
}

/** Only IoT Hub's own way to say yes counts: a proxy's page with status 200 has taken no reading. */
function isAccepted(operation: string, answer: IncomingMessage): boolean {
  const { statusCode, headers } = answer
  return statusCode === 204 || (operation === 'receive' && statusCode === 200 && headers.etag !== undefined)
}

function operationOf(method: string, path: string): string {
  if (path.includes('/messages/events')) return 'send'
  return method === 'GET' ? 'receive' : 'settle'
}

function closedError(): GatewayError {
  return new GatewayError('HUB_SESSION_CLOSED', 'the hub session was closed')
}
