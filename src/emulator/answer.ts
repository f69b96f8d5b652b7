import { randomBytes, randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Clock } from './clock.ts'
import { HubError } from './errors.ts'

/** An HTTP answer as a value, so that a fault can still withhold it after the operation is done. */
export interface Answer {
  /** HTTP status, 200 to 599. */
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Raw body; absent for none. */
  readonly body?: Buffer
}

/** The answer of an operation that has nothing to say. */
export const noContent: Answer = { status: 204 }

/** An answer with a JSON body. */
export function jsonAnswer(value: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  }
}

/**
 * The answer to a refused request, in the form that Microsoft's SDKs parse: a JSON body
 * `{"Message":"ErrorCode:<name>;<text>","ExceptionMessage":"Tracking ID:…"}` and the header `iothub-errorcode`.
 * Source: the error bodies quoted in Azure/azure-iot-sdk-csharp issue 1070.
 */
export function errorAnswer(error: HubError, clock: Clock): Answer {
  const headers: Record<string, string> = { 'iothub-errorcode': error.errorName }
  if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.retryAfterSeconds)
  const body = {
    // The SDKs split the message on ';' and ':', so the text may hold neither.
    Message: `ErrorCode:${error.errorName};${error.message.replace(/[;:]/g, ',')}`,
    ExceptionMessage: `Tracking ID:${trackingId(clock.now())}`,
  }
  return jsonAnswer(body, headers, error.status)
}

/** What the peer is told of an error that the emulator did not foresee. */
export function asHubError(error: unknown): HubError {
  return error instanceof HubError ? error : new HubError(500001, 'the emulator failed')
}

/** Writes an answer with the headers that every answer of IoT Hub carries. */
export function writeAnswer(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    Server: 'Microsoft-HTTPAPI/2.0',
    'x-ms-request-id': randomUUID(),
    'Content-Length': answer.body?.length ?? 0,
    ...answer.headers,
  })
  response.end(answer.body)
}

function trackingId(nowMs: number): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().split('T')
  const [year, month, day] = date.split('-')
  return `${randomBytes(16).toString('hex')}-G:0-TimeStamp:${month}/${day}/${year} ${time.slice(0, 8)}`
}
