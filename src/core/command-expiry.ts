import { GatewayError } from './errors.ts'
import type { Command } from './items.ts'

/** When it was said last of each command that it may be written. */
const allowed = new WeakMap<Command, number>()

/** True from the moment on at which a command must no longer be written to its device. That it may is remembered: {@link lastAllowedAt}. */
export function isExpired(command: Command, now = Date.now()): boolean {
  if (now >= command.writeBefore) return true
  allowed.set(command, now)
  return false
}

/**
 * When a stage, or the endpoint, last heard that a command may be written, in milliseconds of `Date.now()`: not before that it was. Infinity
 * where nobody did. Called by the endpoint, to know what may still lie in the process.
 */
export function lastAllowedAt(command: Command): number {
  return allowed.get(command) ?? Number.POSITIVE_INFINITY
}

/** True from the moment on at which the endpoint gives a command up. Asked by codecs, for whose late receipt nobody may wait any more. */
export function isGivenUp(command: Command, now = Date.now()): boolean {
  return now >= command.answerBefore
}

/**
 * As {@link isExpired}, for stages that hold commands and must answer them: `refuse` is called with `COMMAND_EXPIRED` for one that the endpoint
 * has not given up by itself.
 */
export function isOver(command: Command, refuse: (error: GatewayError, command: Command) => void): boolean {
  if (!isExpired(command)) return false
  if (!isGivenUp(command)) refuse(expired(), command)
  return true
}

/** Called wherever a command may have waited, last before it is written. Throws `COMMAND_EXPIRED`, which abandons it. */
export function assertNotExpired(command: Command): void {
  if (!isExpired(command)) return
  throw expired()
}

function expired(): GatewayError {
  return new GatewayError('COMMAND_EXPIRED', 'the time of a command was over before it could be written to the device')
}
