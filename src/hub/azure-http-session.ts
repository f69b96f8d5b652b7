import azureCommon, { type Message } from 'azure-iot-common'
import type { Client } from 'azure-iot-device'
import { GatewayError } from '../core/errors.ts'
import { type Command, command, type Receipt, type Report, type Telemetry } from '../core/items.ts'
import { billableBlocks } from '../core/message-size.ts'
import type { HubMeter } from '../core/meter.ts'
import { batchBody } from './batch-body.ts'
import type { CommandDetails, DeviceRequests } from './device-requests.ts'
import type { DeviceTransport } from './device-transport.ts'
import { sendIsolating } from './isolate.ts'
import type { PollSchedule } from './poll-schedule.ts'
import type { HubSession } from './port.ts'

/** What an {@link AzureHttpSession} works with; all of it its own except schedule and meter. */
export interface AzureHttpSessionParts {
  readonly client: Client
  readonly transport: DeviceTransport
  readonly requests: DeviceRequests
  readonly schedule: PollSchedule
  readonly meter: HubMeter
  readonly onClosed: () => void
  /** Awaited before each poll, beside the schedule's turn. */
  readonly admitPoll: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Awaited before each request of a send after its first. */
  readonly admitSend: ((signal: AbortSignal) => Promise<void>) | undefined
}

/** One device's session over HTTPS: the SDK's client, told to do one thing at a time. */
export class AzureHttpSession implements HubSession {
  readonly #parts: AzureHttpSessionParts
  readonly #closing = new AbortController()
  /** Lock tokens of commands that wait for their receipt, by command id. */
  readonly #locked = new Map<string, Message>()
  #first: Message | undefined

  constructor(parts: AzureHttpSessionParts) {
    this.#parts = parts
    // Retrying is the retry wrapper's business, where it can be seen and stopped.
    parts.client.setRetryPolicy(new azureCommon.NoRetry())
  }

  /**
   * Asks the hub for a command, which is the only question over HTTPS whose answer tells whether credentials are good.
   * What it finds is kept for {@link AzureHttpSession.commands}.
   */
  async verify(signal: AbortSignal): Promise<void> {
    await this.#parts.admitPoll?.(signal)
    this.#assertOpen()
    this.#first = await this.#parts.transport.poll()
  }

  send(messages: readonly Telemetry[]): Promise<void> {
    let requests = 0
    return sendIsolating(messages, async (part) => {
      if (requests++ > 0) await this.#parts.admitSend?.(this.#closing.signal)
      await this.#post(part)
    })
  }

  async report(_report: Report): Promise<void> {
    throw new GatewayError('NOT_SUPPORTED', 'IoT Hub has no reported properties over HTTPS')
  }

  async *commands(stopped: AbortSignal = new AbortController().signal): AsyncGenerator<Command> {
    const stop = new AbortController()
    const end = () => stop.abort()
    for (const signal of [stopped, this.#closing.signal]) {
      if (signal.aborted) end()
      signal.addEventListener('abort', end, { once: true })
    }
    try {
      yield* this.#poll(stop.signal)
    } finally {
      for (const signal of [stopped, this.#closing.signal]) signal.removeEventListener('abort', end)
    }
  }

  async *#poll(stopped: AbortSignal): AsyncGenerator<Command> {
    let found = this.#first
    this.#first = undefined
    for (;;) {
      const fresh = found === undefined ? undefined : this.#lock(found)
      // Nobody takes it any more: the hub may give it to the device's next connection at once.
      if (fresh !== undefined && stopped.aborted) {
        this.#locked.delete(fresh.id)
        // Where even that fails, the lock runs out after its minute.
        await this.#parts.client.abandon(found as Message).catch(() => undefined)
      } else if (fresh !== undefined) {
        yield fresh
      }
      if (stopped.aborted) return
      try {
        await this.#parts.schedule.turn(found === undefined, stopped)
        await this.#parts.admitPoll?.(stopped)
        // A poll by a client that was closed would arm its token timer for ever.
        stopped.throwIfAborted()
        found = await this.#parts.transport.poll()
      } catch (thrown) {
        if (stopped.aborted) return
        this.#rideOut(GatewayError.from(thrown, 'hub.down'))
        found = undefined
      }
    }
  }

  async settle(receipt: Receipt<Command>): Promise<void> {
    this.#assertOpen()
    const { id } = receipt.of
    const message = this.#locked.get(id)
    if (message === undefined) throw new GatewayError('UNKNOWN_COMMAND', 'the command is not waiting to be settled')
    try {
      await this.#parts.client[receipt.outcome](message)
    } catch (thrown) {
      const error = GatewayError.from(thrown, 'hub.up')
      // What failed for now may be tried again, and needs its lock for that.
      if (!error.retryable) this.#locked.delete(id)
      throw error
    }
    this.#locked.delete(id)
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#parts.requests.close()
    this.#parts.onClosed()
    await this.#parts.client.close()
  }

  async #post(messages: readonly Telemetry[]): Promise<void> {
    this.#assertOpen()
    this.#parts.requests.carry(batchBody(messages))
    await this.#parts.client.sendEventBatch([])
    let billable = 0
    for (const message of messages) billable += billableBlocks(message)
    this.#parts.meter.accepted(messages.length, billable)
  }

  /** A client that was closed would work on and leave its token timer behind. */
  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new GatewayError('HUB_SESSION_CLOSED', 'the hub session is closed')
  }

  /** Undefined for a command that is here already: its lock ran out, and it came again with a new one. */
  #lock(message: Message): Command | undefined {
    const { sequenceNumber, deliveryCount, writeBefore } = message.transportObj as CommandDetails
    for (const [id, held] of this.#locked) {
      if (sequenceNumber === undefined || (held.transportObj as CommandDetails).sequenceNumber !== sequenceNumber)
        continue
      this.#locked.set(id, message)
      return undefined
    }
    // Service apps choose message ids, and may choose one twice.
    let id = message.messageId || message.lockToken
    for (let copy = 2; this.#locked.has(id); copy++) id = `${message.messageId}~${copy}`
    this.#locked.set(id, message)
    const properties: Record<string, string> = {}
    for (let index = 0; index < message.properties.count(); index++) {
      const { key, value } = message.properties.getItem(index)
      properties[key] = value
    }
    return command(id, message.getData() as Buffer, {
      name: properties.name,
      properties,
      contentType: message.contentType || undefined,
      contentEncoding: message.contentEncoding || undefined,
      correlationId: message.correlationId || undefined,
      deliveryCount,
      writeBefore,
    })
  }

  /** Polling goes on after any error, later if the hub says so; only credentials that are no longer good end the session. */
  #rideOut(error: GatewayError): void {
    if (error.code === 'UNAUTHORIZED' || error.code === 'DEVICE_NOT_FOUND') throw error
    if (error.retryAfterMs !== undefined) this.#parts.schedule.pause(error.retryAfterMs)
  }
}
