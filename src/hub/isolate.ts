import { GatewayError } from '../core/errors.ts'
import type { Telemetry } from '../core/items.ts'
import { PartialSendError } from './port.ts'

/** Errors that may be the fault of one message among many. */
const contentCodes: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'HUB_REJECTED'])

/**
 * Sends messages through `post` as few requests as the hub allows: a refused batch is halved until the message at fault
 * stands alone, so that one poison message costs itself only. Order is kept: halves go one after the other, and after an
 * error that concerns all (network, throttle, credentials) nothing more is tried.
 *
 * Rejects with that GatewayError if nothing was accepted, else with a {@link PartialSendError}.
 */
export async function sendIsolating(
  messages: readonly Telemetry[],
  post: (part: readonly Telemetry[]) => Promise<void>,
): Promise<void> {
  try {
    await post(messages)
  } catch (thrown) {
    const refusal = GatewayError.from(thrown)
    if (!contentCodes.has(refusal.code)) throw refusal
    await isolate(messages, refusal, post)
  }
}

/** What was refused as a whole, and why, is sent in halves. */
async function isolate(
  messages: readonly Telemetry[],
  refusal: GatewayError,
  post: (part: readonly Telemetry[]) => Promise<void>,
): Promise<void> {
  const failures = new Map<Telemetry, GatewayError>()
  let common: GatewayError | undefined
  const send = async (part: readonly Telemetry[]): Promise<void> => {
    try {
      if (common !== undefined) throw common
      await post(part)
    } catch (thrown) {
      await divide(part, GatewayError.from(thrown))
    }
  }
  const divide = async (part: readonly Telemetry[], failure: GatewayError): Promise<void> => {
    if (!contentCodes.has(failure.code)) common = failure
    if (common !== undefined || part.length === 1) {
      for (const message of part) failures.set(message, failure)
      return
    }
    const middle = Math.ceil(part.length / 2)
    await send(part.slice(0, middle))
    await send(part.slice(middle))
  }
  await divide(messages, refusal)
  if (failures.size === 0) return
  if (common !== undefined && failures.size === messages.length && new Set(failures.values()).size === 1) throw common
  throw new PartialSendError(failures)
}
