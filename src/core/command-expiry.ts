import { GatewayError } from './errors.ts'
import type { Command } from './items.ts'

/** True from the moment on at which a command must no longer be written to its device. */
export function isExpired(command: Command, now = Date.now()): boolean {
  return now >= command.writeBefore
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
