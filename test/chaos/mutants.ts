import type { Log } from '../../src/core/connection.ts'
import type { Command, Telemetry } from '../../src/core/items.ts'
import { receipt } from '../../src/core/items.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'
import type { SpoolStore } from '../../src/hub/spool/store.ts'

/**
 * Gateways broken on purpose, to see that the oracle finds them out:
 * - `acknowledgeAtRead`: a send is said to have succeeded when it has only begun;
 * - `completeAtDelivery`: a command is completed at the hub when it goes to the device, whatever that says;
 * - `lateCommands`: commands lose their time, and wait on their way to the device;
 * - `acknowledgeBeforeDurable`: a spool says that it has a message before that is on the disk, as one does that forgets to sync.
 */
export type Mutation = HubMutation | 'acknowledgeBeforeDurable'
type HubMutation = 'acknowledgeAtRead' | 'completeAtDelivery' | 'lateCommands'

/** The hub as it is, or broken. */
export function mutated(hub: Hub, mutation: Mutation | undefined): Hub {
  if (mutation === undefined || mutation === 'acknowledgeBeforeDurable') return hub
  return { ...hub, open: async (device, context) => mutants[mutation](await hub.open(device, context)) }
}

/** How long what a broken spool has acknowledged is not on its disk, as what is in a cache. */
const unsyncedMs = 500

/** The store as it is, or broken. */
export function mutatedStore(store: SpoolStore, mutation: Mutation | undefined): SpoolStore {
  if (mutation !== 'acknowledgeBeforeDurable') return store
  let written = Promise.resolve()
  return Object.assign(Object.create(store) as SpoolStore, {
    open: (log: Log) => store.open(log),
    close: () => store.close(),
    salt: () => store.salt(),
    async append(deviceId: string, messages: readonly Telemetry[], trust: string | undefined) {
      written = written
        .then(() => new Promise((resolve) => setTimeout(resolve, unsyncedMs)))
        .then(() => store.append(deviceId, messages, trust))
    },
    oldest: (...wanted: Parameters<SpoolStore['oldest']>) => store.oldest(...wanted),
    remove: (...gone: Parameters<SpoolStore['remove']>) => store.remove(...gone),
    backlogs: () => store.backlogs(),
    totals: () => store.totals(),
    known: (deviceId: string) => store.known(deviceId),
    remember: (...known: Parameters<SpoolStore['remember']>) => store.remember(...known),
  })
}

const mutants: Readonly<Record<HubMutation, (session: HubSession) => HubSession>> = {
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
