import timers from 'node:timers/promises'
import { GatewayError } from '../core/errors.ts'
import type { Messages } from '../core/levels.ts'
import { type Stage, stage } from '../core/stage.ts'

/** Options of {@link throttle}. */
export interface ThrottleOptions {
  /** Telemetry and reports a second that a connection may send in the long run; above 0. */
  readonly messagesPerSecond: number
  /** How many may come at once after a pause; default one second's worth, at least 1. */
  readonly burst?: number
}

/**
 * Holds a connection to a rate by holding back, never by dropping: what is too fast waits in the lane, then in the socket,
 * then in the device. A token bucket; pings, hellos and answers to commands cost nothing.
 */
export function throttle(options: ThrottleOptions): Stage<Messages, Messages> {
  const { messagesPerSecond } = options
  const burst = options.burst ?? Math.max(1, Math.floor(messagesPerSecond))
  if (!(messagesPerSecond > 0 && messagesPerSecond < Number.POSITIVE_INFINITY)) {
    const message = `throttle: messagesPerSecond must be above 0 and finite, not ${messagesPerSecond}`
    throw new GatewayError('CONFIGURATION', message)
  }
  if (!(burst >= 1 && burst < Number.POSITIVE_INFINITY)) {
    throw new GatewayError('CONFIGURATION', `throttle: burst must be at least 1 and finite, not ${burst}`)
  }
  const perMessageMs = 1000 / messagesPerSecond

  return stage<Messages, Messages>('throttle', (connection) => {
    // When the next message may pass if none was saved up: the bucket as one number.
    let nextAt = 0
    return {
      up(item, out) {
        if (item.kind !== 'telemetry' && item.kind !== 'report') {
          out.emit(item)
          return undefined
        }
        const now = performance.now()
        nextAt = Math.max(nextAt, now - (burst - 1) * perMessageMs)
        const waitMs = nextAt - now
        nextAt += perMessageMs
        if (waitMs <= 0) {
          out.emit(item)
          return undefined
        }
        // The connection may end meanwhile: then nobody is left to receive the item.
        return timers.setTimeout(waitMs, undefined, { signal: connection.signal }).then(
          () => out.emit(item),
          () => undefined,
        )
      },
    }
  })
}
