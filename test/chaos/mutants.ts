import type { Command, Telemetry } from '../../src/core/items.ts'
import { receipt } from '../../src/core/items.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'

/**
 * Gateways broken on purpose, to see that the oracle finds them out:
 * - `acknowledgeAtRead`: a send is said to have succeeded when it has only begun;
 * - `completeAtDelivery`: a command is completed at the hub when it goes to the device, whatever that says;
 * - `lateCommands`: commands lose their time, and wait on their way to the device.
 */
export type Mutation = 'acknowledgeAtRead' | 'completeAtDelivery' | 'lateCommands'

/** The hub as it is, or broken. */
export function mutated(hub: Hub, mutation: Mutation | undefined): Hub {
  if (mutation === undefined) return hub
  return { ...hub, open: async (device, context) => mutants[mutation](await hub.open(device, context)) }
}

const mutants: Readonly<Record<Mutation, (session: HubSession) => HubSession>> = {
  acknowledgeAtRead: (session) => {
    let before = Promise.resolve()
    return {
      ...bound(session),
      async send(messages: readonly Telemetry[]) {
        before = before.then(() => session.send(messages)).catch(() => {})
      },
    }
  },

  completeAtDelivery: (session) => ({
    ...bound(session),
    async *commands(stopped?: AbortSignal) {
      for await (const command of session.commands(stopped)) {
        await session.settle(receipt(command, 'complete')).catch(() => {})
        yield command
      }
    },
    settle: async () => {},
  }),

  lateCommands: (session) => ({
    ...bound(session),
    async *commands(stopped?: AbortSignal): AsyncGenerator<Command> {
      for await (const command of session.commands(stopped)) {
        const late = { ...command, writeBefore: Number.POSITIVE_INFINITY }
        await new Promise((resolve) => setTimeout(resolve, 1500))
        yield late
      }
    },
  }),
}

function bound(session: HubSession): HubSession {
  return {
    send: (messages) => session.send(messages),
    report: (report) => session.report(report),
    commands: (stopped) => session.commands(stopped),
    settle: (settled) => session.settle(settled),
    close: () => session.close(),
  }
}
