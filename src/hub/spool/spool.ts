import { type Log, silentLog } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Identity, Telemetry } from '../../core/items.ts'
import type { Gauge } from '../../core/meter.ts'
import type { Hub, HubSession, HubSessionContext } from '../port.ts'
import { Forwarder } from './forwarder.ts'
import { Intake } from './intake.ts'
import { KnownDevices } from './known-devices.ts'
import { Pauses } from './pauses.ts'
import { SpoolSession } from './session.ts'
import type { SpoolStore } from './store.ts'

/** Options of {@link spool}. */
export interface SpoolOptions {
  /**
   * What a send does while the store has no room or its disk fails: `hold` (default) waits, so that the device's socket is not read;
   * `refuse` rejects with `SPOOL_FULL` or `SPOOL_FAILED`, so that the device hears that it must send again.
   */
  readonly whenFull?: 'hold' | 'refuse'
  /** What becomes of a device with policy credentials that was never accepted, while the hub cannot be asked; default `refuse`. */
  readonly unknownDevices?: 'refuse' | 'accept'
  /** How long a hello waits for the hub before the spool decides alone, 1 to 3600000; default 5000. */
  readonly helloTimeoutMs?: number
  /** Devices that are sent for at once, 1 to 10000; default 64. */
  readonly maxForwarders?: number
  /** The first pause after a failure, 1 to 3600000; each further one is twice as long. Default 500. */
  readonly minDelayMs?: number
  /** The longest pause, unless the hub's Retry-After asks for more; from `minDelayMs` to 3600000. Default 60000. */
  readonly maxDelayMs?: number
  /** How long the messages of a device wait that the hub refuses, unless it connects before; 1 to 86400000. Default 600000. */
  readonly refusedDelayMs?: number
  /**
   * Told of every message that is taken out without the hub having it: refused for good (`HUB_REJECTED`, `MESSAGE_TOO_LARGE`), too old
   * (`SPOOL_EXPIRED`), or taken on trust of credentials that the hub did not accept (`UNAUTHORIZED`). Awaited before the message is
   * removed; what it throws is logged, and the message is removed all the same. After a crash it may be told of the same message again.
   */
  readonly onGivenUp?: (deviceId: string, message: Telemetry, error: GatewayError) => void | Promise<void>
  /** Where forwarding is told about; default nowhere. */
  readonly log?: Log
  /** Gives the jitter, 0 to 1; for tests. */
  readonly random?: () => number
}

/** A {@link Hub} that stores first and forwards later. */
export interface Spool extends Hub {
  readonly gauges: readonly Gauge[]
  prepare(): Promise<void>
  /** Ends forwarding and every session, waits for writes in progress, closes store and hub. What is stored stays for the next start. */
  close(): Promise<void>
}

/**
 * Store-and-forward: a send resolves when its messages are durable in `store`, and they go to `hub` after that, each device's in order,
 * at least once. Everything of a device goes through its queue. Wrap what retries: `spool(retry(azureHttp(…)), disk({ … }))`.
 *
 * While the hub cannot be asked, a device is believed with credentials that the hub has accepted before. What it sends meanwhile under
 * a key goes to the hub once the hub accepts that key again; if the device comes with other credentials first, it is given up with
 * `UNAUTHORIZED`, since that key may have been revoked. Keys and tokens are kept in memory only: after a restart what was stored for a
 * device that brings its own waits until it connects. Devices under the gateway's policy are forwarded at any time.
 *
 * Throws `CONFIGURATION` for options out of range; `prepare` rejects with it where the store cannot be opened.
 */
export function spool(hub: Hub, store: SpoolStore, options: SpoolOptions = {}): Spool {
  const maxMs = 3_600_000
  const whenFull = oneOf('whenFull', options.whenFull ?? 'hold', ['hold', 'refuse'])
  const unknownDevices = oneOf('unknownDevices', options.unknownDevices ?? 'refuse', ['refuse', 'accept'])
  const helloTimeoutMs = inRange('helloTimeoutMs', options.helloTimeoutMs ?? 5000, 1, maxMs)
  const maxForwarders = inRange('maxForwarders', options.maxForwarders ?? 64, 1, 10_000)
  const minDelayMs = inRange('minDelayMs', options.minDelayMs ?? 500, 1, maxMs)
  const maxDelayMs = inRange('maxDelayMs', options.maxDelayMs ?? Math.max(60_000, minDelayMs), minDelayMs, maxMs)
  const refusedDelayMs = inRange('refusedDelayMs', options.refusedDelayMs ?? 600_000, 1, 86_400_000)
  const { log = silentLog, random = Math.random, onGivenUp = () => undefined } = options
  const known = new KnownDevices(store, log)
  const intake = new Intake(store, whenFull)
  const onRemoved = () => intake.roomMade()
  const pausing = { minDelayMs, maxDelayMs, refusedDelayMs, random }
  const forwarder = new Forwarder({
    ...pausing,
    ...{ hub, store, known, log, maxForwarders, onGivenUp, onRemoved, underPolicy: false },
  })
  const sessions = new Set<SpoolSession>()
  let preparing: Promise<void> | undefined
  let closing: Promise<void> | undefined

  const begin = async (): Promise<void> => {
    await hub.prepare?.()
    await store.open(log)
    forwarder.start()
  }
  const prepare = (): Promise<void> => {
    preparing ??= begin().catch((thrown: unknown) => {
      preparing = undefined
      throw thrown
    })
    return preparing
  }
  const end = async (): Promise<void> => {
    await Promise.all([...sessions].map((session) => session.close()))
    await forwarder.close()
    // One that was never opened, or could not be, has nothing to close.
    if (
      await preparing?.then(
        () => true,
        () => false,
      )
    )
      await store.close()
    await hub.close?.()
  }
  const assertOpen = () => {
    if (closing !== undefined) throw new GatewayError('HUB_SESSION_CLOSED', 'the spool is closed', { stage: 'spool' })
  }

  return {
    can: hub.can,
    gauges: [...(hub.gauges ?? []), ...gaugesOf(store, forwarder)],
    prepare,
    close() {
      closing ??= end()
      return closing
    },
    async open(device: Identity, context: HubSessionContext): Promise<HubSession> {
      assertOpen()
      await prepare()
      assertOpen()
      if (context.signal.aborted) throw new GatewayError('HUB_SESSION_CLOSED', 'the connection is gone')
      let attached = false
      const session: SpoolSession = new SpoolSession({
        ...{ device, context, intake, known, helloTimeoutMs, unknownDevices },
        open: async (signal) => hub.open(device, { ...context, signal }),
        pauses: new Pauses(minDelayMs, maxDelayMs, random),
        onStored: () => forwarder.stored(session),
        onConnected: () => {
          if (attached) forwarder.connected(session)
        },
        onClosed: async () => {
          sessions.delete(session)
          await forwarder.detach(session)
        },
      })
      sessions.add(session)
      const gone = () => void session.close()
      context.signal.addEventListener('abort', gone, { once: true })
      try {
        await session.greet()
        assertOpen()
        if (!sessions.has(session)) throw new GatewayError('HUB_SESSION_CLOSED', 'the connection is gone')
        attached = true
        forwarder.attach(session)
        return session
      } catch (thrown) {
        await session.close()
        throw thrown
      } finally {
        context.signal.removeEventListener('abort', gone)
        if (!attached) sessions.delete(session)
      }
    },
  }
}

function gaugesOf(store: SpoolStore, forwarder: Forwarder): Gauge[] {
  const oldestSeconds = () => {
    const { oldestAt } = store.totals()
    return oldestAt === undefined ? 0 : Math.max(0, (Date.now() - oldestAt) / 1000)
  }
  const gauge = (name: string, help: string, read: () => number): Gauge => ({ name, help, type: 'gauge', read })
  const counter = (name: string, help: string, read: () => number): Gauge => ({ name, help, type: 'counter', read })
  return [
    gauge('spool_bytes', 'Bytes of messages that wait in the spool.', () => store.totals().bytes),
    gauge('spool_messages', 'Messages that wait in the spool.', () => store.totals().messages),
    { ...gauge('spool_oldest_seconds', 'Age of the oldest message in the spool.', oldestSeconds), merge: 'max' },
    gauge(
      'spool_stuck_devices',
      'Devices whose messages wait until they connect, or because the hub refuses them.',
      () => forwarder.stuck,
    ),
    counter('spool_damaged_total', 'Damaged records of the spool.', () => store.totals().damaged),
    counter('spool_given_up_total', 'Messages that the spool gave up.', () => forwarder.givenUp),
    counter('spool_forwarded_total', 'Messages that the hub accepted from the spool.', () => forwarder.forwarded),
  ]
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `spool: ${name} must be from ${min} to ${max}, not ${value}`)
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new GatewayError('CONFIGURATION', `spool: ${name} must be ${allowed.join(' or ')}, not ${value}`)
}
