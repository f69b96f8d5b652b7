import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Telemetry } from '../core/items.ts'
import { type Hub, type HubSession, PartialSendError } from './port.ts'

/** Options of {@link retry}. */
export interface RetryOptions {
  /** The first pause; each further one is twice as long. Default 500. */
  readonly minDelayMs?: number
  /** The longest pause, unless the hub's Retry-After asks for more. Default 10000. */
  readonly maxDelayMs?: number
  /** Retrying ends when it has lasted so long; then the last error stands. Default 120000. */
  readonly deadlineMs?: number
  /** Gives the jitter, 0 to 1; for tests. */
  readonly random?: () => number
}

/**
 * A hub that tries again what failed for now, with exponential back-off, jitter and a deadline, and honours Retry-After.
 * While it waits the lane waits: the device's socket is not read. What the hub refuses for good passes straight through.
 */
export function retry(hub: Hub, options: RetryOptions = {}): Hub {
  const backoff = new Backoff(options)
  return {
    can: hub.can,
    ...(hub.gauges !== undefined && { gauges: hub.gauges }),
    prepare: async () => hub.prepare?.(),
    close: async () => hub.close?.(),
    async open(device, context) {
      const session = await backoff.attempt(() => hub.open(device, context), context.signal, context.log)
      return retrySession(session, backoff, context.log)
    },
  }
}

function retrySession(session: HubSession, backoff: Backoff, log: Log | undefined): HubSession {
  const closing = new AbortController()
  const { signal } = closing
  return {
    send: (messages) => sendAll(session, messages, (call) => backoff.attempt(call, signal, log)),
    report: (report) => backoff.attempt(() => session.report(report), signal, log),
    commands: (stopped) => session.commands(stopped),
    settle: (receipt) => backoff.attempt(() => session.settle(receipt), signal, log),
    close() {
      closing.abort()
      return session.close()
    },
  }
}

/** Of a send that went through in part, only what failed for now is tried again, in order. */
async function sendAll(
  session: HubSession,
  messages: readonly Telemetry[],
  insist: (call: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const refused = new Map<Telemetry, GatewayError>()
  let left = messages
  const attempt = async (): Promise<void> => {
    try {
      await session.send(left)
    } catch (thrown) {
      if (!(thrown instanceof PartialSendError)) throw thrown
      const later: Telemetry[] = []
      let reason: GatewayError | undefined
      for (const [message, error] of thrown.failures) {
        if (error.retryable) {
          later.push(message)
          reason ??= error
        } else refused.set(message, error)
      }
      left = later
      if (reason !== undefined) throw reason
    }
  }
  try {
    await insist(attempt)
  } catch (thrown) {
    if (left.length === messages.length) throw thrown
    const error = GatewayError.from(thrown)
    for (const message of left) refused.set(message, error)
  }
  if (refused.size > 0) throw new PartialSendError(refused)
}

class Backoff {
  readonly #options: Required<RetryOptions>

  constructor(options: RetryOptions) {
    this.#options = { minDelayMs: 500, maxDelayMs: 10_000, deadlineMs: 120_000, random: Math.random, ...options }
    const { minDelayMs, maxDelayMs, deadlineMs } = this.#options
    if (!(minDelayMs > 0 && maxDelayMs >= minDelayMs && deadlineMs >= 0)) {
      throw new GatewayError(
        'CONFIGURATION',
        'retry: delays must satisfy 0 < minDelayMs <= maxDelayMs, 0 <= deadlineMs',
      )
    }
  }

  async attempt<T>(call: () => Promise<T>, signal: AbortSignal, log?: Log): Promise<T> {
    const startedAt = performance.now()
    for (let tries = 0; ; tries++) {
      try {
        return await call()
      } catch (thrown) {
        const error = GatewayError.from(thrown)
        // Retryable for the device, which can connect again; this session stays closed.
        if (error.code === 'HUB_SESSION_CLOSED') throw error
        const pauseMs = this.#pause(tries, error.retryAfterMs ?? 0)
        const lateMs = performance.now() - startedAt + pauseMs
        if (!error.retryable || signal.aborted || lateMs > this.#options.deadlineMs) throw error
        // The first failure is told, then ever fewer of a long outage.
        if ((tries & (tries + 1)) === 0) {
          const fields = { code: error.code, error: error.message, tries: tries + 1, pauseMs: Math.round(pauseMs) }
          log?.warn(fields, 'the hub failed; trying again')
        }
        await delay(pauseMs, undefined, { signal }).catch(() => {
          throw error
        })
      }
    }
  }

  /** Half of each pause is left to chance, so that devices cut off together do not come back together. */
  #pause(tries: number, retryAfterMs: number): number {
    const { minDelayMs, maxDelayMs, random } = this.#options
    const full = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(tries, 30))
    return Math.max(retryAfterMs, full * (0.5 + random() / 2))
  }
}
