import { GatewayError } from '../core/errors.ts'
import type { Pipeline } from '../core/pipeline.ts'
import type { ConnectedDevices } from './connected-devices.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { Gateway } from './serve.ts'
import { type DeviceChange, type FromWorker, isOurs, type ToWorker } from './worker-messages.ts'

/**
 * Serves as a worker: tells the primary when it listens or why it does not, which devices come and go; drains and ends when the primary asks
 * for it or is gone. Signals that reach all processes of a terminal are left to the primary.
 */
export async function serveAsWorker(
  start: () => Promise<Gateway>,
  devices: ConnectedDevices,
  pipelines: readonly Pipeline[],
): Promise<Gateway> {
  const own = () => undefined
  process.on('SIGINT', own)
  process.on('SIGTERM', own)
  let served: Gateway
  try {
    served = await start()
  } catch (thrown) {
    tellFailure(thrown)
    throw thrown
  }
  let draining = false
  const gateway: Gateway = {
    ...served,
    drain(options) {
      draining = true
      return served.drain(options)
    },
  }
  const end = async (deadlineMs: number) => {
    // A worker that has nothing left to do ends, as a process without a primary does.
    process.channel?.unref()
    // Such as by the signal that all processes of a terminal get.
    if (draining) return
    // A program that ends in an order of its own at SIGTERM does so here too.
    if (process.listenerCount('SIGTERM') > 1) {
      process.emit('SIGTERM')
      return
    }
    await gateway.drain({ deadlineMs })
    await gateway.close()
    await Promise.all(pipelines.map((pipeline) => pipeline.close()))
    process.exit()
  }
  process.on('message', (message) => {
    if (!isOurs(message)) return
    const said = message as ToWorker
    if (said.headgate === 'drain') void end(said.deadlineMs)
    else if (said.headgate === 'measure') void tellMeasured(said.id, gateway.metrics as GatewayMetrics)
    else for (const [device, since] of said.devices) devices.goneElsewhere(device, since)
  })
  process.on('disconnect', () => void end(orphanDrainMs))
  tellOfDevices(devices)
  tell({ headgate: 'listening', addresses: gateway.addresses })
  return gateway
}

/** Tells the primary, where there is one, why this worker cannot serve. Called by `serve`, and by programs that fail before they call it. */
export function tellFailure(thrown: unknown): void {
  const { code, message } = GatewayError.from(thrown)
  tell({ headgate: 'failed', code, message })
}

/** How long a worker whose primary is gone may finish. */
const orphanDrainMs = 10_000

/** What happened within a turn is one message: thousands may come at once. */
function tellOfDevices(devices: ConnectedDevices): void {
  let changes: DeviceChange[] = []
  const note = (change: DeviceChange) => {
    if (changes.push(change) > 1) return
    setImmediate(() => {
      tell({ headgate: 'devices', changes })
      changes = []
    })
  }
  devices.onCame = (device, since) => note(['came', device, since])
  devices.onLeft = (device) => note(['left', device])
}

async function tellMeasured(id: number, metrics: GatewayMetrics): Promise<void> {
  tell({ headgate: 'measured', id, metrics: await metrics.toJson() })
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message)
}
