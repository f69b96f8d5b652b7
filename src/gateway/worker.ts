import cluster from 'node:cluster'
import { GatewayError } from '../core/errors.ts'
import type { WorkerPlace } from '../core/worker-place.ts'
import type { DeviceAnnouncer } from './device-register.ts'
import type { LocalGateway } from './local-gateway.ts'
import { type DeviceClaim, type FromWorker, isWord, packFailure, type ToWorker } from './worker-messages.ts'

/** How long what else the program has may keep it alive after its gateway has ended. */
const graceMs = 1000

/** How long a worker may take to finish when nobody watches over it any more. */
const orphanDeadlineMs = 10_000

let hasServed = false

/**
 * Serves as one of the workers of a gateway. The process is its primary's from then on: SIGINT, SIGTERM and SIGHUP, which reach a whole group, no longer
 * end it; it ends when it is told to, or when nobody is there to tell it, in an orderly way both times. Rejects, and tells the primary,
 * where the gateway cannot start.
 */
export async function serveAsWorker(
  place: WorkerPlace,
  make: (announce: (pipeline: string) => DeviceAnnouncer) => LocalGateway,
): Promise<LocalGateway> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  try {
    if (hasServed) {
      throw new GatewayError(
        'CONFIGURATION',
        `serve: worker ${place.number} serves already; give one serve all pipelines`,
      )
    }
    hasServed = true
    const changes = new DeviceChanges()
    const gateway = make((pipeline) => changes.announcer(pipeline))
    await gateway.start()
    new WorkerEnd(gateway)
    await say({ headgate: 'listening', addresses: gateway.addresses })
    return gateway
  } catch (thrown) {
    await tellFailure(thrown)
    throw thrown
  }
}

/** Tells the primary why this worker cannot start, and leaves it, so that the process ends when it has nothing else to do. */
export async function tellFailure(thrown: unknown): Promise<void> {
  await say({ headgate: 'failed', failure: packFailure(thrown) })
  leave()
}

/** Ends the channel to the primary, which would keep the process alive. */
function leave(): void {
  // Otherwise node ends the process here and now.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
  if (process.connected) process.disconnect()
}

/** Does what the primary says. */
class WorkerEnd {
  readonly #gateway: LocalGateway
  #isEnding = false

  constructor(gateway: LocalGateway) {
    this.#gateway = gateway
    process.on('message', (message: unknown) => {
      if (isWord(message)) void this.#hear(message as ToWorker)
    })
    cluster.worker?.once('disconnect', () => {
      leave()
      void this.#end(orphanDeadlineMs)
    })
  }

  async #hear(word: ToWorker): Promise<void> {
    if (word.headgate === 'end') await this.#end(word.deadlineMs)
    else if (word.headgate === 'claimed elsewhere') this.#gateway.claimedElsewhere(word.claims)
    else if (word.about === 'metrics') {
      await say({ headgate: 'answer', id: word.id, value: await this.#gateway.metrics.snapshot() })
    } else await say({ headgate: 'answer', id: word.id, value: this.#gateway.unready() ?? '' })
  }

  async #end(deadlineMs: number): Promise<void> {
    if (this.#isEnding) {
      if (deadlineMs === 0) await this.#gateway.close()
      return
    }
    this.#isEnding = true
    try {
      await (deadlineMs === 0 ? this.#gateway.close() : this.#gateway.drain({ deadlineMs }))
      await this.#gateway.closeParts()
    } catch (thrown) {
      process.stderr.write(`headgate: a worker could not close what it had open: ${(thrown as Error).stack}\n`)
      process.exitCode = 1
    }
    await say({ headgate: 'counted', metrics: await this.#gateway.metrics.snapshot() })
    leave()
    setTimeout(() => process.exit(), graceMs).unref()
  }
}

/** Gathers what a worker's connections claim and give up, and tells the primary once a turn of the event loop. */
class DeviceChanges {
  #claimed: DeviceClaim[] = []
  #released: DeviceClaim[] = []
  #isDue = false

  announcer(pipeline: string): DeviceAnnouncer {
    return {
      claimed: (deviceId, acceptedAt) => {
        this.#claimed.push([pipeline, deviceId, acceptedAt])
        this.#tellSoon()
      },
      released: (deviceId, acceptedAt) => {
        this.#released.push([pipeline, deviceId, acceptedAt])
        this.#tellSoon()
      },
    }
  }

  #tellSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      const [claimed, released] = [this.#claimed, this.#released]
      this.#claimed = []
      this.#released = []
      void say({ headgate: 'devices', claimed, released })
    })
  }
}

/** Resolves when the word is on its way, or nobody is there to hear it. */
function say(word: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve()
    else process.send(word, undefined, undefined, () => resolve())
  })
}
