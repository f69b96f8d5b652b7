import type { Log } from '../core/connection.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Command, Identity, Outcome, Receipt, Report, Telemetry } from '../core/items.ts'
import type { Gauge, HubMeter } from '../core/meter.ts'

/** What a hub's transport can do. */
export interface HubAbilities {
  /** True where one operation carries several messages. */
  readonly batch: boolean
  /** The outcomes that settling can express. */
  readonly outcomes: readonly Outcome[]
  readonly methods: boolean
  readonly twin: boolean
}

/** What a session is opened with. */
export interface HubSessionContext {
  /** Aborted when the connection is gone: opening gives up. */
  readonly signal: AbortSignal
  /** Where the session reports its requests. */
  readonly meter: HubMeter
  /** The connection's log; without it nothing is logged. */
  readonly log?: Log
  /** True for a session that only sends: it need not ask for commands, not even to see whether its credentials are good. */
  readonly sendOnly?: boolean
  /** Awaited before each poll for commands, by transports that poll: how a wrapper paces them. Rejects when the signal fires. */
  readonly admitPoll?: (signal: AbortSignal) => Promise<void>
  /** Awaited before each request of a send after its first, by transports that halve what the hub refused. Rejects when the signal fires. */
  readonly admitSend?: (signal: AbortSignal) => Promise<void>
}

/** The hub end as the gateway sees it. Behaviour such as retrying is added by wrapping one Hub in another. */
export interface Hub {
  readonly can: HubAbilities
  /** What it measures of itself, beside what sessions report to their meters. A wrapper has those of the hub within, the same objects. */
  readonly gauges?: readonly Gauge[]
  /** What must be done once before the first session; optional, called before the gateway listens. */
  prepare?(): Promise<void>
  /**
   * Opens a session in a device's name. Resolves when the hub has accepted the credentials. Rejects with a GatewayError:
   * `UNAUTHORIZED`, `DEVICE_NOT_FOUND`, or a retryable one when the hub cannot be asked.
   */
  open(device: Identity, context: HubSessionContext): Promise<HubSession>
  /** Closes every session, and lets go of what they share, such as a connection pool. */
  close?(): Promise<void>
}

/** One device's dealings with the hub. Its owner never overlaps two calls of `send` and `report`: that is what keeps their order. */
export interface HubSession {
  /**
   * Resolves when the hub has all of them, in order. Rejects with a {@link GatewayError} that holds for all, or with a
   * {@link PartialSendError} that names those which the hub does not have.
   */
  send(messages: readonly Telemetry[]): Promise<void>
  /** Updates the twin's reported properties. Rejects with `NOT_SUPPORTED` where the transport cannot. */
  report(report: Report): Promise<void>
  /**
   * Commands as they come, one at a time: the next is fetched only when it is asked for, so that backpressure reaches the
   * poll. Ends when the session closes or the signal fires; what comes after is left to the hub. Errors that pass by themselves
   * are ridden out inside.
   */
  commands(stopped?: AbortSignal): AsyncIterable<Command>
  /**
   * Tells the hub what became of a command. Rejects with `LOCK_LOST` when it is too late. Settling a command twice is an
   * error of the caller.
   */
  settle(receipt: Receipt<Command>): Promise<void>
  /** Ends requests in flight, timers and the command iteration. Calls after it reject with `HUB_SESSION_CLOSED`. */
  close(): Promise<void>
}

/** Some of the messages of a send were not accepted; all others were. */
export class PartialSendError extends Error {
  override readonly name = 'PartialSendError'
  /** Each message that the hub does not have, with its reason; never empty. */
  readonly failures: ReadonlyMap<Telemetry, GatewayError>

  constructor(failures: ReadonlyMap<Telemetry, GatewayError>) {
    const reasons = [...new Set([...failures.values()].map((error) => error.code))].join(', ')
    super(`${failures.size} messages were not accepted: ${reasons}`)
    this.failures = failures
  }
}
