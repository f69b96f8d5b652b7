import { GatewayError } from '../core/errors.ts'
import { readDeviceFile } from '../stages/device-file.ts'
import type { Settings } from './environment.ts'
import { Fleet, type FleetReport } from './fleet.ts'
import { provisionDevice } from './registry.ts'
import { terminationSignal } from './shutdown.ts'
import type { SimulatedDeviceOptions } from './simulated-device.ts'

/** What `headgate simulate` is told. */
export interface SimulateOptions {
  readonly host: string
  readonly port: number
  readonly devices: number
  /** Readings a second, of each device. */
  readonly rate: number
  /** Readings of each device; 0 goes on until a signal. */
  readonly count: number
  /** Device ids are this and a number from 1. */
  readonly prefix: string
  /** File of `deviceId key` lines; its devices instead of numbered ones. */
  readonly keyFile: string | undefined
  /** Creates the devices in the registry of HEADGATE_HUB and uses their keys. */
  readonly provision: boolean
  readonly json: boolean
}

/**
 * `headgate simulate`: jsonLines devices at a rate, every acknowledgement checked. Ends with a report; rejects if a reading
 * was refused or lost, or an answer came out of order.
 */
export async function simulate(options: SimulateOptions, settings: Settings): Promise<void> {
  const terminated = terminationSignal()
  const devices = await identities(options, settings)
  const fleet = new Fleet({ devices, rate: options.rate, ...(options.count > 0 && { count: options.count }) })
  // Asked to end before all are welcome: there is nothing to report.
  if (!(await fleet.startUnless(terminated))) return
  const progress = options.json ? undefined : setInterval(() => process.stdout.write(`${words(fleet.report)}\n`), 5000)
  await Promise.race([fleet.finished(), terminated])
  await fleet.stop()
  clearInterval(progress)
  const { report } = fleet
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${words(report)}\n`)
  if (report.acked !== report.sent || report.protocolErrors > 0) {
    const unacknowledged = `${report.sent - report.acked} readings were not acknowledged`
    throw new GatewayError('HUB_REJECTED', `${unacknowledged}, ${report.protocolErrors} answers were wrong`)
  }
}

async function identities(options: SimulateOptions, settings: Settings): Promise<SimulatedDeviceOptions[]> {
  const { host, port, keyFile } = options
  if (keyFile !== undefined) {
    return readDeviceFile(keyFile).map(({ deviceId, key }) => ({
      host,
      port,
      deviceId,
      ...(key !== undefined && { key }),
    }))
  }
  const ids = Array.from({ length: options.devices }, (_, index) => `${options.prefix}${index + 1}`)
  if (!options.provision) return ids.map((deviceId) => ({ host, port, deviceId }))
  if (settings.hub === undefined) throw new GatewayError('CONFIGURATION', '--provision takes a hub in HEADGATE_HUB')
  const found: SimulatedDeviceOptions[] = []
  for (const deviceId of ids) {
    found.push({ host, port, deviceId, key: await provisionDevice(settings.hub, settings.hubCa, deviceId) })
  }
  return found
}

function words({ devices, sent, acked, nacked, lost, latencyMs }: FleetReport): string {
  const latency = `p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`
  return `${devices} devices: ${sent} sent, ${acked} acknowledged, ${nacked} refused, ${lost} lost; latency ${latency}`
}
