/** Gateways that are broken on purpose: what they do is what the oracle must see. */
import { setTimeout as delay } from 'node:timers/promises'
import { receipt, type Telemetry } from '../../src/core/items.ts'
import type { Messages } from '../../src/core/levels.ts'
import { type Stage, stage } from '../../src/core/stage.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'
import type { SpoolStore } from '../../src/hub/spool/store.ts'

/** Acknowledges readings as it reads them, and says nothing when the hub has answered. A stage for behind the codec. */
export function acknowledgeAtRead(): Stage<Messages, Messages> {
  return stage<Messages, Messages>('acknowledgeAtRead', () => ({
    up: (item, out) => {
      if (item.kind === 'telemetry') void out.reply(receipt(item, 'complete'))
      return out.emit(item)
    },
    down: (item, out) => {
      const isOfTelemetry = item.kind === 'receipt' && (item.of as { kind: string }).kind === 'telemetry'
      return isOfTelemetry ? undefined : out.emit(item)
    },
  }))
}

/** Says that the hub has what it means to send a little later. */
export function resolveBeforeSent(hub: Hub): Hub {
  return withSession(hub, (session) => {
    let last = Promise.resolve()
    return {
      ...session,
      async send(messages) {
        last = last
          .then(() => delay(5))
          .then(() => session.send(messages))
          .catch(() => undefined)
      },
      close: () => last.then(() => session.close()),
    }
  })
}

/** A spool's store that calls messages durable and writes them a while later. */
export function acknowledgeBeforeWritten(store: SpoolStore, laterByMs = 300): SpoolStore {
  let last = Promise.resolve()
  return {
    maxAgeMs: store.maxAgeMs,
    open: (log) => store.open(log),
    close: () => last.then(() => store.close()),
    salt: () => store.salt(),
    async append(deviceId, messages, trust) {
      const written = delay(laterByMs).then(() => store.append(deviceId, messages, trust))
      last = Promise.all([last, written]).then(() => undefined)
    },
    oldest: (...asked) => store.oldest(...asked),
    remove: (...asked) => store.remove(...asked),
    backlogs: () => store.backlogs(),
    totals: () => store.totals(),
    known: (deviceId) => store.known(deviceId),
    remember: (...asked) => store.remember(...asked),
  }
}

/** Completes a command at the hub as soon as it is given out, whatever the device says. */
export function completeAtDelivery(hub: Hub): Hub {
  return withSession(hub, (session) => ({
    ...session,
    async *commands(stopped) {
      for await (const command of session.commands(stopped)) {
        await session.settle(receipt(command, 'complete'))
        yield command
      }
    },
    settle: async () => undefined,
  }))
}

/** Gives out every command late, and without the time by which it had to be written. */
export function forgetExpiry(hub: Hub, lateByMs = 1000): Hub {
  return withSession(hub, (session) => ({
    ...session,
    async *commands(stopped) {
      for await (const command of session.commands(stopped)) {
        await delay(lateByMs)
        yield { ...command, writeBefore: Number.POSITIVE_INFINITY }
      }
    },
  }))
}

/** Sends each batch from its end. */
export function sendBackwards(hub: Hub): Hub {
  return withSession(hub, (session) => ({ ...session, send: (messages) => session.send(messages.toReversed()) }))
}

/** Leaves out every tenth message and says that the hub has it. */
export function forgetSome(hub: Hub): Hub {
  let count = 0
  const kept = (messages: readonly Telemetry[]) => messages.filter(() => ++count % 10 !== 0)
  return withSession(hub, (session) => ({ ...session, send: (messages) => session.send(kept(messages)) }))
}

/** Speaks to the hub in the name of the device that came before. */
export function confuseNames(hub: Hub): Hub {
  let before: string | undefined
  return {
    ...openHub(hub),
    open(device, context) {
      const deviceId = before ?? device.deviceId
      before = device.deviceId
      return hub.open({ ...device, deviceId }, context)
    },
  }
}

function withSession(hub: Hub, change: (session: HubSession) => HubSession): Hub {
  return { ...openHub(hub), open: async (device, context) => change(openSession(await hub.open(device, context))) }
}

/** What can be spread. */
function openHub(hub: Hub): Hub {
  return {
    can: hub.can,
    ...(hub.gauges !== undefined && { gauges: hub.gauges }),
    prepare: async () => hub.prepare?.(),
    close: async () => hub.close?.(),
    open: (device, context) => hub.open(device, context),
  }
}

function openSession(session: HubSession): HubSession {
  return {
    send: (messages) => session.send(messages),
    report: (report) => session.report(report),
    commands: (stopped) => session.commands(stopped),
    settle: (settled) => session.settle(settled),
    close: () => session.close(),
  }
}
