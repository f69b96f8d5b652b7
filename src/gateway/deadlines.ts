import type { ErrorCode } from '../core/errors.ts'

/** Deadlines of a connection; all in milliseconds. */
export interface Deadlines {
  /** From accept to hello; default 30000. */
  readonly helloTimeoutMs: number
  /** Without a byte from a device that could send; default 600000. */
  readonly idleTimeoutMs: number
  /** With bytes for a device that does not read them; default 60000. */
  readonly stallTimeoutMs: number
}

/** What the deadlines look at; times are performance.now(). */
export interface Liveness {
  readonly acceptedAt: number
  readonly greeted: boolean
  readonly lastByteAt: number
  /** Since when the device has left bytes unread; undefined while it reads. */
  readonly unreadSince: number | undefined
}

/** The deadline that a connection has missed, if any. */
export function missedDeadline(state: Liveness, limits: Deadlines, now: number): ErrorCode | undefined {
  if (!state.greeted && now - state.acceptedAt > limits.helloTimeoutMs) return 'HELLO_TIMEOUT'
  if (state.unreadSince !== undefined && now - state.unreadSince > limits.stallTimeoutMs) return 'STALLED'
  if (state.greeted && now - state.lastByteAt > limits.idleTimeoutMs) return 'IDLE_TIMEOUT'
  return undefined
}
