import type { Message } from 'azure-iot-common'
import { GatewayError } from '../core/errors.ts'
import { type Command, command, type Receipt, type Report, type Telemetry } from '../core/items.ts'
import { encodedBatch } from './batch-body.ts'
import type { BodyPool } from './body-pool.ts'
import type { CommandDetails, DeviceRequests } from './device-requests.ts'
import type { DeviceTransport } from './device-transport.ts'
import { sendIsolating } from './isolate.ts'
import type { PollSchedule } from './poll-schedule.ts'
import type { HubSession, HubSessionContext } from './port.ts'

/** What an {@link AzureHttpSession} works with; transport and requests are its own. */
export interface AzureHttpSessionParts {
  readonly transport: DeviceTransport
  readonly requests: DeviceRequests
  readonly context: HubSessionContext
  readonly schedule: PollSchedule
  /** What bodies of batches are written to, which all sessions of the hub share. */
  readonly bodies: BodyPool
  /** The sessions that are open: this one leaves them when it is closed. */
  readonly sessions: Set<HubSession>
}

/**
 * One device's session over HTTPS: the SDK's transport, told to do one thing at a time. There may be thousands that have nothing to do, so
 * that what is not always needed is made when it is.
 */
export class AzureHttpSession implements HubSession {
  readonly #parts: AzureHttpSessionParts
  /** Lock tokens of commands that wait for their receipt, by command id. */
  #locked: Map<string, Message> | undefined
  #first: Message | undefined
  #closed = false
  /** Aborted when the session is closed; made for who waits to be admitted. */
  #closing: AbortController | undefined
  /** Ends what the iteration of commands waits for before its next poll. */
  #interrupt: (() => void) | undefined

  constructor(parts: AzureHttpSessionParts) {
    this.#parts = parts
  }

  /**
   * Asks the hub for a command, which is the only question over HTTPS whose answer tells whether credentials are good.
   * What it finds is kept for {@link AzureHttpSession.commands}.
   */
  async verify(): Promise<void> {
    const { context, transport } = this.#parts
    await context.admitPoll?.(context.signal)
    this.#assertOpen()
    this.#first = await transport.poll()
  }

  send(messages: readonly Telemetry[]): Promise<void> {
    let requests = 0
    return sendIsolating(messages, (part) => (requests++ === 0 ? this.#post(part) : this.#postAgain(part)))
  }

  async report(_report: Report): Promise<void> {
    throw new GatewayError('NOT_SUPPORTED', 'IoT Hub has no reported properties over HTTPS')
  }

  async *commands(stopped?: AbortSignal): AsyncGenerator<Command> {
    const interrupt = () => this.#interrupt?.()
    stopped?.addEventListener('abort', interrupt, { once: true })
    try {
      let found = this.#first
      this.#first = undefined
      for (;;) {
        const fresh = found === undefined ? undefined : this.#lock(found)
        // Nobody takes it any more: the hub may give it to the device's next connection at once.
        if (fresh !== undefined && this.#isOver(stopped)) await this.#letGo(fresh.id, found as Message)
        else if (fresh !== undefined) yield fresh
        if (this.#isOver(stopped)) return
        try {
          await this.#turn(found === undefined)
          await this.#admission(stopped)
          // A poll after the end would arm the token timer for ever.
          if (this.#isOver(stopped)) return
          found = await this.#parts.transport.poll()
        } catch (thrown) {
          if (this.#isOver(stopped)) return
          this.#rideOut(GatewayError.from(thrown, 'hub.down'))
          found = undefined
        }
      }
    } finally {
      stopped?.removeEventListener('abort', interrupt)
    }
  }

  #isOver(stopped: AbortSignal | undefined): boolean {
    return this.#closed || stopped?.aborted === true
  }

  /** Resolves when it is the session's turn to poll, or when it is interrupted. */
  async #turn(rested: boolean): Promise<void> {
    const turn = this.#parts.schedule.turn(rested)
    this.#interrupt = () => turn.leave()
    await turn.over
    this.#interrupt = undefined
  }

  async #admission(stopped: AbortSignal | undefined): Promise<void> {
    const { admitPoll } = this.#parts.context
    if (admitPoll === undefined || this.#isOver(stopped)) return
    const waiting = new AbortController()
    this.#interrupt = () => waiting.abort()
    try {
      await admitPoll(waiting.signal)
    } finally {
      this.#interrupt = undefined
    }
  }

  async #letGo(id: string, message: Message): Promise<void> {
    this.#locked?.delete(id)
    // Where even that fails, the lock runs out after its minute.
    await this.#parts.transport.settle('abandon', message).catch(() => undefined)
  }

  async settle(receipt: Receipt<Command>): Promise<void> {
    this.#assertOpen()
    const { id } = receipt.of
    const message = this.#locked?.get(id)
    if (message === undefined) throw new GatewayError('UNKNOWN_COMMAND', 'the command is not waiting to be settled')
    try {
      await this.#parts.transport.settle(receipt.outcome, message)
    } catch (thrown) {
      const error = GatewayError.from(thrown, 'hub.up')
      // What failed for now may be tried again, and needs its lock for that.
      if (!error.retryable) this.#locked?.delete(id)
      throw error
    }
    this.#locked?.delete(id)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { requests, sessions, transport } = this.#parts
    this.#closing?.abort()
    this.#interrupt?.()
    requests.close()
    sessions.delete(this)
    await transport.end()
  }

  async #post(messages: readonly Telemetry[]): Promise<void> {
    this.#assertOpen()
    const { transport, context, bodies } = this.#parts
    const { body, billable } = encodedBatch(messages, bodies)
    await transport.post(body)
    bodies.giveBack(body)
    context.meter.accepted(messages.length, billable)
  }

  async #postAgain(messages: readonly Telemetry[]): Promise<void> {
    this.#closing ??= new AbortController()
    await this.#parts.context.admitSend?.(this.#closing.signal)
    await this.#post(messages)
  }

  /** A transport that was closed would work on and leave its token timer behind. */
  #assertOpen(): void {
    if (this.#closed) throw new GatewayError('HUB_SESSION_CLOSED', 'the hub session is closed')
  }

  /** Undefined for a command that is here already: its lock ran out, and it came again with a new one. */
  #lock(message: Message): Command | undefined {
    const { sequenceNumber, deliveryCount, writeBefore } = message.transportObj as CommandDetails
    this.#locked ??= new Map()
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
