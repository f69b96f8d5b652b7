import { randomUUID } from 'node:crypto'
import { silentLog } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { type Telemetry, telemetry } from '../core/items.ts'
import { maxSendBytes, messageBytes } from '../core/message-size.ts'
import { unmeteredHub } from '../core/meter.ts'
import { type Hub, type HubSession, PartialSendError } from '../hub/port.ts'
import { isDeviceId } from '../stages/hub-names.ts'
import { type DeadLetterSink, deadLetterSink, type LostLetters, type SinkOptions } from './dead-letter-sink.ts'
import {
  checkDescribeOptions,
  type DeadLetterLine,
  type DescribeOptions,
  describeDeadLetter,
} from './describe-dead-letter.ts'

/** Options of {@link deadLetterRoute}. */
export interface DeadLetterRouteOptions extends SinkOptions, DescribeOptions {
  /** The device in whose name they are sent, by the hub's policy; one of the gateway's own. */
  readonly deviceId: string
  /** As in {@link DescribeOptions}; default 131072, so that a letter, in base64, is not larger than the hub takes. */
  readonly maxBodyBytes?: number
}

/**
 * Sends dead letters to a hub as messages of a device of the gateway's own: a `DeadLetterLine` as JSON, with the properties `dead-letter`
 * (the code), `stage` and `pipeline`, by which IoT Hub's routes can sort them, as in `dead-letter = 'BAD_CONTENT'`. The hub is
 * prepared and asked for a session with the first letter; wrap it in `retry`, since what one send fails with is dropped and counted. The
 * hub is closed by whoever made it. Throws `CONFIGURATION` for options out of range.
 */
export function deadLetterRoute(hub: Hub, options: DeadLetterRouteOptions): DeadLetterSink {
  const name = 'deadLetterRoute'
  const { deviceId, maxBodyBytes = 131_072 } = options
  if (!isDeviceId(deviceId)) {
    throw new GatewayError('CONFIGURATION', `${name}: deviceId is not 1 to 128 of the characters that IoT Hub allows`)
  }
  const describe = checkDescribeOptions(name, { ...options, maxBodyBytes })
  const sender = new RouteSender(hub, options)
  return deadLetterSink<Telemetry>(
    {
      name,
      make: (letter, connection) => messageOf(describeDeadLetter(letter, connection, describe)),
      bytesOf: messageBytes,
      write: (messages) => sender.send(messages),
      close: () => sender.close(),
    },
    options,
  )
}

function messageOf(line: DeadLetterLine): Telemetry {
  const { code, stage, pipeline } = line
  const message = telemetry(Buffer.from(JSON.stringify(line)), {
    messageId: randomUUID(),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    creationTimeUtc: line.time,
    properties: { 'dead-letter': code, ...(stage !== undefined && { stage }), pipeline },
  })
  const bytes = messageBytes(message)
  if (bytes <= maxSendBytes) return message
  throw new GatewayError(
    'MESSAGE_TOO_LARGE',
    `a dead letter of ${bytes} bytes exceeds the hub's limit of ${maxSendBytes}`,
  )
}

/** The one session of a route, opened when there is something to send, and anew when it failed. */
class RouteSender {
  readonly #hub: Hub
  readonly #options: DeadLetterRouteOptions
  readonly #closing = new AbortController()
  #session: HubSession | undefined
  #isPrepared = false

  constructor(hub: Hub, options: DeadLetterRouteOptions) {
    this.#hub = hub
    this.#options = options
  }

  async send(messages: readonly Telemetry[]): Promise<LostLetters | undefined> {
    try {
      this.#session ??= await this.#open()
      await this.#session.send(messages)
      return undefined
    } catch (thrown) {
      if (thrown instanceof PartialSendError) return { count: thrown.failures.size, error: thrown }
      await this.#endSession()
      return { count: messages.length, error: GatewayError.from(thrown) }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#endSession()
  }

  async #open(): Promise<HubSession> {
    if (!this.#isPrepared) await this.#hub.prepare?.()
    this.#isPrepared = true
    const { deviceId, log = silentLog } = this.#options
    const { signal } = this.#closing
    const session = await this.#hub.open(
      { deviceId, credentials: { type: 'policy' } },
      { signal, meter: unmeteredHub, log, sendOnly: true },
    )
    if (!signal.aborted) return session
    await session.close()
    throw new GatewayError('HUB_SESSION_CLOSED', 'the sink was closed while its hub session was opened')
  }

  async #endSession(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.close()
  }
}
