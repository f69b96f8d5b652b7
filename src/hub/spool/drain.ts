import type { Log } from '../../core/connection.ts'
import type { GatewayError } from '../../core/errors.ts'
import type { Telemetry } from '../../core/items.ts'
import type { Hub } from '../port.ts'
import { Forwarder } from './forwarder.ts'
import { KnownDevices } from './known-devices.ts'
import type { SpoolStore } from './store.ts'

/** Options of {@link drain}. */
export interface DrainOptions {
  /** Ends it early; what is on its way has five seconds. */
  readonly signal: AbortSignal
  readonly log: Log
  /** As in `spool`: told of every message that the hub refuses for good. */
  readonly onGivenUp: (deviceId: string, message: Telemetry, error: GatewayError) => void | Promise<void>
  /** Called now and then. */
  readonly onProgress?: (progress: Drained) => void
  /** Devices that are sent for at once; default 64. */
  readonly maxForwarders?: number
  /** The first and the longest pause after a failure; default 500 and 60000. */
  readonly minDelayMs?: number
  readonly maxDelayMs?: number
}

/** What became of a store's messages. */
export interface Drained {
  readonly forwarded: number
  readonly givenUp: number
  /** Messages that are still stored. */
  readonly left: number
  /** Devices of those that the hub refuses. */
  readonly refusedDevices: number
}

/**
 * Forwards everything in an open store under the gateway's own policy, also what devices with keys have sent and what was taken on trust:
 * whoever calls it answers for that. Resolves when the store is empty, when the hub refuses every device that is left, or when the signal
 * fires. Rejects never for what the hub does: it tries again for as long as that may help. Called by `headgate spool drain`.
 */
export async function drain(hub: Hub, store: SpoolStore, options: DrainOptions): Promise<Drained> {
  const { signal, log, onGivenUp, onProgress, maxForwarders = 64, minDelayMs = 500, maxDelayMs = 60_000 } = options
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const isDone = () => {
    if (store.totals().messages === 0) return true
    return forwarder.isIdle && forwarder.stuck >= [...store.backlogs()].length
  }
  const look = () => {
    if (signal.aborted || isDone()) finish()
  }
  const forwarder: Forwarder = new Forwarder({
    ...{ hub, store, log, maxForwarders, minDelayMs, maxDelayMs, refusedDelayMs: 600_000, random: Math.random },
    ...{ known: new KnownDevices(store, log), underPolicy: true, onGivenUp, onRemoved: () => undefined, onTurn: look },
  })
  const drained = (): Drained => ({
    forwarded: forwarder.forwarded,
    givenUp: forwarder.givenUp,
    left: store.totals().messages,
    refusedDevices: forwarder.stuck,
  })
  signal.addEventListener('abort', look, { once: true })
  // It also keeps the process alive, which pauses between attempts do not.
  const progress = setInterval(() => onProgress?.(drained()), 5000)
  try {
    await hub.prepare?.()
    forwarder.start()
    look()
    await finished
    const result = drained()
    await forwarder.close()
    return { ...result, ...drained(), refusedDevices: result.refusedDevices }
  } finally {
    clearInterval(progress)
    signal.removeEventListener('abort', look)
  }
}
