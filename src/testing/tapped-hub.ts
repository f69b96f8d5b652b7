import type { Outcome, Telemetry } from '../core/items.ts'
import { type Hub, type HubSession, PartialSendError } from '../hub/port.ts'
import type { CommandEnd, Conservation } from './conservation.ts'
import type { Origin } from './numbered-speech.ts'

/**
 * A hub that tells the oracle what it has accepted and settled, in the order in which it happens; otherwise the hub within. To be put
 * innermost, under whatever is under test. A command is told as queued by whoever queues it.
 *
 * @param originOf Reads device and number out of a message's body, as {@link NumberedSpeech.originOf}.
 */
export function tappedHub(
  hub: Hub,
  conservation: Conservation,
  originOf: (body: Uint8Array) => Origin | undefined,
): Hub {
  return {
    can: hub.can,
    ...(hub.gauges !== undefined && { gauges: hub.gauges }),
    prepare: async () => hub.prepare?.(),
    close: async () => hub.close?.(),
    async open(device, context) {
      const { deviceId } = device
      const tell = (messages: readonly Telemetry[]) => {
        for (const { body } of messages) conservation.atHub(deviceId, originOf(body))
      }
      return tappedSession(await hub.open(device, context), conservation, tell)
    },
  }
}

function tappedSession(
  session: HubSession,
  conservation: Conservation,
  tell: (messages: readonly Telemetry[]) => void,
): HubSession {
  return {
    async send(messages) {
      try {
        await session.send(messages)
      } catch (thrown) {
        if (thrown instanceof PartialSendError) tell(messages.filter((message) => !thrown.failures.has(message)))
        throw thrown
      }
      tell(messages)
    },
    report: (report) => session.report(report),
    commands: (stopped) => session.commands(stopped),
    async settle(receipt) {
      // Before the hub is asked: whether the device had confirmed is a question of this moment.
      conservation.commandSettled(receipt.of.id, endOf[receipt.outcome])
      await session.settle(receipt)
    },
    close: () => session.close(),
  }
}

const endOf: Readonly<Record<Outcome, CommandEnd>> = {
  complete: 'completed',
  abandon: 'open',
  reject: 'deadlettered',
}
