import type { Policies, Voucher } from './access.ts'
import type { Answer } from './answer.ts'
import { noContent } from './answer.ts'
import { isBatch, parseBatch } from './d2c-batch.ts'
import type { D2cContent } from './d2c-message.ts'
import { readProperties } from './d2c-message.ts'
import type { LockedCommand, Outcome } from './device-queue.ts'
import { HubError } from './errors.ts'
import type { StruckOperation } from './faults.ts'
import type { EmulatedHub } from './hub.ts'
import { maxSendBytes, meters, requireSize, tooLarge } from './message-size.ts'
import { readBody } from './request-body.ts'
import type { Call, Reply, Route } from './server.ts'

/** A request of a device that proved who it is and met its faults. */
interface Admitted {
  readonly call: Call
  readonly deviceId: string
  readonly voucher: Voucher
  /** Empty unless it is a send. */
  readonly body: Buffer
  /** Pays for a send. Throws 403002 over the daily quota. */
  charge(meters: number): void
}

/** A batch is longer on the wire than what it carries: base64 adds a third, JSON a little for every message. */
const maxBatchWireBytes = 2 * maxSendBytes

/**
 * What a device may do over HTTPS: send, receive, settle. Any api-version does.
 * Source: the "Device" operations of the IoT Hub REST API, and the HTTP transports of Microsoft's device SDKs.
 */
export function deviceRoutes(hub: EmulatedHub, policies: Policies): Route[] {
  const admit = (operation: StruckOperation, endpoint: string, perform: (admitted: Admitted) => Answer) => ({
    operation,
    async handle(call: Call): Promise<Reply> {
      const deviceId = call.param('id')
      const { voucher } = policies.admitDevice(
        call.request.headers.authorization,
        ['devices', deviceId, 'messages', endpoint],
        () => hub.requireDevice(deviceId),
      )
      // Read before any fault holds the request: a socket that nobody reads does not tell when its peer leaves.
      const body = operation === 'send' ? await readSend(call) : Buffer.alloc(0)
      const closePoll = operation === 'receive' ? hub.counters.pollOpened(deviceId) : undefined
      try {
        const { reset, expireLocks, charge } = await hub.faults.meet(deviceId, operation, call.gone)
        if (reset === 'before') return 'reset'
        if (expireLocks) hub.queue(deviceId).expireLocks()
        const answer = perform({ call, deviceId, voucher, body, charge })
        return reset === 'after' ? 'reset' : answer
      } finally {
        closePoll?.()
      }
    },
  })
  const settle = (outcomeOf: (call: Call) => Outcome) =>
    admit('settle', 'devicebound', ({ call, deviceId }) => {
      hub.queue(deviceId).settle(call.param('lockToken'), outcomeOf(call))
      return noContent
    })
  const commands = '/devices/:id/messages/devicebound'
  return [
    {
      method: 'POST',
      path: '/devices/:id/messages/events',
      ...admit('send', 'events', (admitted) => send(hub, admitted)),
    },
    { method: 'GET', path: commands, ...admit('receive', 'devicebound', (admitted) => receive(hub, admitted)) },
    {
      method: 'DELETE',
      path: `${commands}/:lockToken`,
      ...settle(({ query }) => ('reject' in query ? 'reject' : 'complete')),
    },
    { method: 'POST', path: `${commands}/:lockToken/abandon`, ...settle(() => 'abandon') },
  ]
}

function readSend({ request }: Call): Promise<Buffer> {
  return readBody(request, isBatch(request.headers['content-type']) ? maxBatchWireBytes : maxSendBytes, tooLarge)
}

function send(hub: EmulatedHub, { call, deviceId, voucher, body, charge }: Admitted): Answer {
  const { headers, rawHeaders } = call.request
  const contents: D2cContent[] = isBatch(headers['content-type'])
    ? parseBatch(body)
    : [{ body, ...readProperties(headersOf(rawHeaders)) }]
  requireSize(contents)
  charge(meters(contents))
  hub.accept(deviceId, voucher, contents)
  return noContent
}

function receive(hub: EmulatedHub, { call, deviceId }: Admitted): Answer {
  const timeoutMs = lockTimeoutMs(call)
  const locked = hub.queue(deviceId).receive(timeoutMs)
  return locked ? commandAnswer(deviceId, locked) : noContent
}

function commandAnswer(deviceId: string, locked: LockedCommand): Answer {
  const { command } = locked
  const headers: Record<string, string | undefined> = {
    ETag: `"${locked.lockToken}"`,
    'iothub-messageid': command.messageId,
    'iothub-correlationid': command.correlationId,
    'iothub-sequencenumber': String(locked.sequenceNumber),
    'iothub-to': `/devices/${encodeURIComponent(deviceId)}/messages/devicebound`,
    'iothub-userid': command.userId,
    'iothub-ack': command.ack ?? 'none',
    'iothub-expiry': isoTime(command.expiresAtMs),
    'iothub-deliverycount': String(locked.deliveryCount),
    'iothub-enqueuedtime': isoTime(locked.enqueuedAtMs),
    ContentType: command.contentType,
    ContentEncoding: command.contentEncoding,
  }
  for (const [name, value] of Object.entries(command.properties)) headers[`iothub-app-${name}`] = value
  const present = Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined)
  return { status: 200, headers: Object.fromEntries(present), body: command.body }
}

/** How long the device keeps a command to itself: the Java SDK and the CLI say it in a header, .NET in the query. */
function lockTimeoutMs({ request, query }: Call): number {
  const inQuery = Object.entries(query).find(([name]) => name.toLowerCase() === 'iothub-messagelocktimeout')?.[1]
  const seconds = Number(request.headers['iothub-messagelocktimeout'] ?? inQuery ?? 60)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3600) {
    throw new HubError(400004, 'iothub-messagelocktimeout must be 1 to 3600 whole seconds')
  }
  return seconds * 1000
}

/** The raw headers in pairs: unlike the parsed ones they keep the case of the application's property names. */
function* headersOf(rawHeaders: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    yield [rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
