import azureCommon, { type Message } from 'azure-iot-common'
import { GatewayError } from '../core/errors.ts'
import type { HubMeter } from '../core/meter.ts'
import { writeBefore } from './command-times.ts'
import { httpError } from './http-failure.ts'
import type { HubAnswer, HubClient, HubExchange } from './hub-client.ts'

/** What the SDK hands back to itself: an answer's status and headers. */
interface Answer {
  readonly statusCode: number
  readonly headers: HubAnswer['headers']
  /** When the request began, in milliseconds of `Date.now()`: a lock is no older. */
  readonly askedAt: number
}

const noBytes = Buffer.alloc(0)

type Done = (error: Error | null, body?: Buffer, answer?: Answer) => void

/** What the SDK's Message has no field for. */
export interface CommandDetails {
  readonly deliveryCount: number
  /** The hub's own number of the command: the same each time it is delivered. */
  readonly sequenceNumber: string | undefined
  /** When it must no longer be written to the device, in milliseconds of `Date.now()`. */
  readonly writeBefore: number
}

/**
 * The request base that the SDK's HTTP transport takes as its second constructor argument: the SDK makes paths, tokens and
 * headers, this sends them, with what the SDK's own base lacks: a deadline on every request, one pool of sockets, a
 * Content-Length, binary bodies, Retry-After, batches that are valid JSON, and an end to requests in flight.
 */
export class DeviceRequests {
  readonly #hub: HubClient
  readonly #meter: HubMeter
  /** Requests in flight; a session that has none, as most do most of the time, keeps no list. */
  #active: HubExchange[] | undefined
  #batch: Buffer | undefined
  #closed = false
  /** Called when a poll found no command; the SDK keeps silent about that. */
  onEmptyPoll: (() => void) | undefined

  constructor(hub: HubClient, meter: HubMeter) {
    this.#hub = hub
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
  ): { write(chunk: string | Buffer): void; end(): void } {
    const isBatch = headers['Content-Type'] === 'application/vnd.microsoft.iothub.json'
    const carried = isBatch ? this.#batch : undefined
    if (isBatch) this.#batch = undefined
    let written = noBytes
    return {
      write: (chunk) => {
        if (carried === undefined) written = Buffer.concat([written, Buffer.from(chunk)])
      },
      end: () => this.#send(method, path, headers, carried ?? written, done),
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
    for (const exchange of [...(this.#active ?? [])]) exchange.giveUp(closedError())
  }

  #send(method: string, path: string, headers: Record<string, string>, body: Buffer, done: Done): void {
    if (this.#closed) {
      done(closedError())
      return
    }
    const operation = operationOf(method, path)
    const startedAt = performance.now()
    const askedAt = Date.now()
    const exchange = this.#hub.request({ method, path, headers, body, operation }, (lost, answer) => {
      this.#forget(exchange)
      const error =
        lost ?? (answer === undefined || isAccepted(operation, answer) ? undefined : failed(operation, answer))
      this.#meter.request(operation, error?.code ?? 'ok', (performance.now() - startedAt) / 1000)
      if (error?.code === 'HUB_THROTTLED') this.#meter.throttled()
      if (error !== undefined || answer === undefined) {
        done(error ?? null)
        return
      }
      done(null, answer.body, { statusCode: answer.statusCode, headers: answer.headers, askedAt })
      if (operation === 'receive' && answer.statusCode !== 200) this.onEmptyPoll?.()
    })
    this.#active ??= []
    this.#active.push(exchange)
  }

  #forget(exchange: HubExchange): void {
    if (this.#active === undefined) return
    if (this.#active.length === 1) this.#active = undefined
    else this.#active.splice(this.#active.indexOf(exchange), 1)
  }
}

function failed(operation: string, { statusCode, headers, body }: HubAnswer): GatewayError {
  // Of a command that the hub no longer holds for us; whether it still knows the device the next poll tells.
  if (operation === 'settle' && statusCode === 404) return new GatewayError('LOCK_LOST', 'the hub answered 404')
  return httpError({ status: statusCode, retryAfter: headers['retry-after']?.toString(), body: body.toString() })
}

/** Only IoT Hub's own way to say yes counts: a proxy's page with status 200 has taken no reading. */
function isAccepted(operation: string, { statusCode, headers }: HubAnswer): boolean {
  return statusCode === 204 || (operation === 'receive' && statusCode === 200 && headers.etag !== undefined)
}

function operationOf(method: string, path: string): string {
  if (path.includes('/messages/events')) return 'send'
  return method === 'GET' ? 'receive' : 'settle'
}

function closedError(): GatewayError {
  return new GatewayError('HUB_SESSION_CLOSED', 'the hub session was closed')
}
