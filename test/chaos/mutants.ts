import type { Hub, HubSession } from '../../src/hub/port.ts'

/** Gateways that are broken on purpose, so that it is known what the oracle sees. */
export const mutants: Readonly<Record<string, (hub: Hub) => Hub>> = {
  /** Acknowledges what it has read, and sends it when it can. */
  'ack-at-read': (hub) =>
    withSession(hub, (session) => {
      let last = Promise.resolve()
      return {
        ...session,
        async send(messages) {
          last = last.then(() => session.send(messages)).catch(() => undefined)
        },
        close: () => last.then(() => session.close()),
      }
    }),
  /** Completes a command at the hub as soon as it is given out, whatever the device says. */
  'complete-at-delivery': (hub) =>
    withSession(hub, (session) => ({
      ...session,
      async *commands(stopped) {
        for await (const command of session.commands(stopped)) {
          yield command
          await session.settle({
            kind: 'receipt',
            of: command,
            outcome: 'complete',
            error: undefined,
            response: undefined,
          })
        }
      },
      settle: async () => undefined,
    })),
}

/** A hub with one of the {@link mutants} in front, by name; undefined is none. */
export function mutated(name: string | undefined, hub: Hub): Hub {
  if (name === undefined) return hub
  const mutant = mutants[name]
  if (mutant === undefined) throw new Error(`there is no mutant ${name}, only ${Object.keys(mutants).join(', ')}`)
  return mutant(hub)
}

function withSession(hub: Hub, change: (session: HubSession) => HubSession): Hub {
  return {
    can: hub.can,
    ...(hub.gauges !== undefined && { gauges: hub.gauges }),
    prepare: async () => hub.prepare?.(),
    close: async () => hub.close?.(),
    open: async (device, context) => change(openHands(await hub.open(device, context))),
  }
}

/** A session whose methods can be spread. */
function openHands(session: HubSession): HubSession {
  return {
    send: (messages) => session.send(messages),
    report: (report) => session.report(report),
    commands: (stopped) => session.commands(stopped),
    settle: (receipt) => session.settle(receipt),
    close: () => session.close(),
  }
}
