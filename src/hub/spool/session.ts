import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../../core/errors.ts'
import type { Command, Identity, Receipt, Report, Telemetry } from '../../core/items.ts'
import { maxSendBytes, messageBytes } from '../../core/message-size.ts'
import { isPowerOfTwo } from '../../core/meter.ts'
import { type HubSession, type HubSessionContext, PartialSendError } from '../port.ts'
import type { Intake } from './intake.ts'
import type { KnownDevices } from './known-devices.ts'
import type { Pauses } from './pauses.ts'

/** What a {@link SpoolSession} works with. */
export interface SpoolSessionParts {
  readonly device: Identity
  readonly context: HubSessionContext
  /** Opens a session of the hub within; gives up when the signal fires. */
  readonly open: (signal: AbortSignal) => Promise<HubSession>
  readonly intake: Intake
  readonly known: KnownDevices
  readonly pauses: Pauses
  readonly helloTimeoutMs: number
  readonly unknownDevices: 'refuse' | 'accept'
  /** Messages were made durable. */
  readonly onStored: () => void
  /** The hub within has accepted the device; not called for what {@link SpoolSession.greet} waited for. */
  readonly onConnected: () => void
  /** The session is closed; closes the session within when nothing is on its way through it. */
  readonly onClosed: () => Promise<void>
}

/** A device's session: takes its messages into the spool, and leads everything else to a session of the hub within, while there is one. */
export class SpoolSession implements HubSession {
  readonly device: Identity
  readonly #parts: SpoolSessionParts
  readonly #closing = new AbortController()
  /** Fires when the hub refuses a device that was believed. */
  readonly #refusing = new AbortController()
  #refused: GatewayError | undefined
  /** The mark of messages that are taken before the hub has accepted the device. */
  #trust: string | undefined
  #inner: HubSession | undefined
  #wakes: (() => void)[] = []

  constructor(parts: SpoolSessionParts) {
    this.device = parts.device
    this.#parts = parts
  }

  /** The session within, once the hub has accepted the device and as long as it does. */
  get inner(): HubSession | undefined {
    return this.#refused === undefined ? this.#inner : undefined
  }

  /** The session within that is to be closed with this one, also after the hub has refused the device. */
  get opened(): HubSession | undefined {
    return this.#inner
  }

  get context(): HubSessionContext {
    return this.#parts.context
  }

  /**
   * Resolves when the device may be welcomed: the hub accepted it, or could not be asked within `helloTimeoutMs` and is known to have
   * accepted it before. Then the hub is asked on and on.
   */
  async greet(): Promise<void> {
    const { known, context, helloTimeoutMs, unknownDevices } = this.#parts
    const first = this.#parts.open(this.#closing.signal)
    const answer = await answerWithin(first, helloTimeoutMs, this.#closing.signal)
    if (this.#closing.signal.aborted) {
      void this.#connect(first)
      throw new GatewayError('HUB_SESSION_CLOSED', 'the connection ended while its hub session was opened')
    }
    if (answer !== undefined && !(answer instanceof GatewayError)) {
      this.#inner = answer
      await known.confirm(this.device)
      return
    }
    if (answer !== undefined && !answer.retryable) {
      await this.#refusedBy(answer)
      throw answer
    }
    const cause = answer ?? new GatewayError('HUB_TIMEOUT', `the hub has not answered within ${helloTimeoutMs} ms`)
    try {
      this.#trust = await known.believe(this.device, unknownDevices, cause)
    } catch (doubt) {
      this.#closing.abort()
      void this.#connect(first)
      throw doubt
    }
    context.log?.warn({ code: cause.code, error: cause.message }, 'the hub cannot be asked: a device is believed')
    void this.#connect(first)
  }

  /** Resolves when all are durable, but for those that no hub would take: these are refused alone. */
  async send(messages: readonly Telemetry[]): Promise<void> {
    this.#assertOpen()
    const failures = new Map<Telemetry, GatewayError>()
    const taken = messages.filter((message) => {
      const bytes = messageBytes(message)
      if (bytes <= maxSendBytes) return true
      failures.set(message, new GatewayError('MESSAGE_TOO_LARGE', `${bytes} bytes of at most ${maxSendBytes}`))
      return false
    })
    if (taken.length > 0) {
      await this.#parts.intake.append(
        this.device.deviceId,
        taken,
        this.#inner === undefined ? this.#trust : undefined,
        this.#closing.signal,
      )
      this.#parts.onStored()
    }
    if (failures.size > 0) throw new PartialSendError(failures)
  }

  async report(report: Report): Promise<void> {
    await this.#now().report(report)
  }

  async settle(receipt: Receipt<Command>): Promise<void> {
    await this.#now().settle(receipt)
  }

  async *commands(stopped?: AbortSignal): AsyncGenerator<Command> {
    const signals = [this.#closing.signal, this.#refusing.signal, ...(stopped === undefined ? [] : [stopped])]
    const ended = AbortSignal.any(signals)
    const wake = () => this.#wake()
    ended.addEventListener('abort', wake, { once: true })
    while (this.#inner === undefined && !ended.aborted) {
      await new Promise<void>((resolve) => this.#wakes.push(resolve))
    }
    ended.removeEventListener('abort', wake)
    if (this.#inner !== undefined && !ended.aborted) yield* this.#inner.commands(ended)
    if (this.#refused !== undefined && !this.#closing.signal.aborted) throw this.#refused
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#parts.onClosed()
  }

  /** The hub refuses the device or its credentials after all: the session is of no use any more, and says so. */
  async refuse(error: GatewayError): Promise<void> {
    if (this.#refused !== undefined) return
    this.#refused = error
    this.#refusing.abort()
    await this.#refusedBy(error)
  }

  async #refusedBy(error: GatewayError): Promise<void> {
    if (error.code === 'UNAUTHORIZED' || error.code === 'DEVICE_NOT_FOUND')
      await this.#parts.known.refuse(this.device, error)
  }

  async #connect(first: Promise<HubSession>): Promise<void> {
    const { signal } = this.#closing
    const { context, pauses, known } = this.#parts
    for (let attempt = first; ; attempt = this.#parts.open(signal)) {
      try {
        const inner = await attempt
        if (signal.aborted) {
          await inner.close()
          return
        }
        await known.confirm(this.device)
        this.#inner = inner
        this.#wake()
        if (signal.aborted) await inner.close()
        else this.#parts.onConnected()
        return
      } catch (thrown) {
        const error = GatewayError.from(thrown, 'spool')
        if (signal.aborted) return
        if (!error.retryable) {
          context.log?.error({ code: error.code, error: error.message }, 'the hub refuses a device that was believed')
          await this.refuse(error)
          return
        }
        const pauseMs = pauses.nextMs(error.retryAfterMs)
        if (isPowerOfTwo(pauses.failures)) {
          const fields = {
            code: error.code,
            error: error.message,
            tries: pauses.failures,
            pauseMs: Math.round(pauseMs),
          }
          context.log?.warn(fields, 'the hub cannot be asked; the spool goes on trying')
        }
        await delay(pauseMs, undefined, { signal }).catch(() => undefined)
        if (signal.aborted) return
      }
    }
  }

  #now(): HubSession {
    this.#assertOpen()
    if (this.#inner === undefined) throw new GatewayError('HUB_UNAVAILABLE', 'the hub has not been reached yet')
    return this.#inner
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new GatewayError('HUB_SESSION_CLOSED', 'the hub session is closed')
    if (this.#refused !== undefined) throw this.#refused
  }

  #wake(): void {
    const wakes = this.#wakes
    this.#wakes = []
    for (const resolve of wakes) resolve()
  }
}

/** What an opening led to; undefined where that is not known after so long, or when the signal fires. */
async function answerWithin(
  opening: Promise<HubSession>,
  timeMs: number,
  signal: AbortSignal,
): Promise<HubSession | GatewayError | undefined> {
  const waiting = new AbortController()
  const stop = () => waiting.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([
      opening.catch((thrown: unknown) => GatewayError.from(thrown, 'spool')),
      delay(timeMs, undefined, { signal: waiting.signal }).catch(() => undefined),
    ])
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
