import { GatewayError } from '../core/errors.ts'
import { readDeviceFile } from '../stages/device-file.ts'
import type { Settings } from './environment.ts'
import { Fleet, type FleetReport } from './fleet.ts'
import type { FleetDevice } from './fleet-device.ts'
import { ProtocolDevice } from './protocol-device.ts'
import type { ReadyProtocol } from './ready-protocol.ts'
import { provisionDevice } from './registry.ts'
import { terminationSignal } from './shutdown.ts'
import { SimulatedDevice } from './simulated-device.ts'

/** What `headgate simulate` is told. */
export interface SimulateOptions {
  /** What the devices speak; undefined: jsonLines. */
  readonly protocol: ReadyProtocol | undefined
  readonly host: string
  readonly port: number
  readonly devices: number
  /** Readings a second, of each device. */
  readonly rate: number
  /** Readings of each device; 0 goes on until a signal. */
  readonly count: number
  /** Device ids are this and a number, where the protocol leaves them free. */
  readonly prefix: string
  /** The number of the first device. */
  readonly first: number
  /** How long a device waits for an acknowledgement before it sends again, where its protocol does. */
  readonly ackTimeoutMs: number
  /** File of `deviceId key` lines; its devices instead of numbered ones. */
  readonly keyFile: string | undefined
  /** Creates the devices in the registry of HEADGATE_HUB and uses their keys. */
  readonly provision: boolean
  readonly json: boolean
}

/**
 * `headgate simulate`: devices of a protocol at a rate, every acknowledgement checked. Ends with a report; rejects if a reading
 * was refused or lost, or an answer came out of order.
 */
export async function simulate(options: SimulateOptions, settings: Settings): Promise<void> {
  const terminated = terminationSignal()
  const devices = await simulatedDevices(options, settings)
  const fleet = new Fleet({ devices, rate: options.rate, ...(options.count > 0 && { count: options.count }) })
  // Asked to end before all are welcome: there is nothing to report.
  if (!(await fleet.startUnless(terminated))) return
  const progress = options.json ? undefined : setInterval(() => process.stdout.write(`${words(fleet.report)}\n`), 5000)
  await Promise.race([fleet.finished(), terminated])
  await fleet.stop()
  clearInterval(progress)
  const { report } = fleet
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${words(report)}\n`)
  const answered = report.acked + report.written
  if (answered !== report.sent || report.protocolErrors > 0) {
    const unacknowledged = `${report.sent - answered} readings were not acknowledged`
    throw new GatewayError('HUB_REJECTED', `${unacknowledged}, ${report.protocolErrors} answers were wrong`)
  }
}

async function simulatedDevices(options: SimulateOptions, settings: Settings): Promise<FleetDevice[]> {
  const { protocol, keyFile, host, port } = options
  if (protocol !== undefined) return protocolDevices(protocol, options, settings)
  const named =
    keyFile !== undefined ? readDeviceFile(keyFile) : await provisioned(numbered(options), options.provision, settings)
  return named.map(
    ({ deviceId, key }) => new SimulatedDevice({ host, port, deviceId, ...(key !== undefined && { key }) }),
  )
}

async function protocolDevices(
  protocol: ReadyProtocol,
  options: SimulateOptions,
  settings: Settings,
): Promise<FleetDevice[]> {
  if (options.keyFile !== undefined) {
    throw new GatewayError('CONFIGURATION', `--key-file is for jsonLines; devices of ${protocol.name} bring no keys`)
  }
  const speeches = numbered(options).map((deviceId, at) => protocol.device({ deviceId, index: options.first + at }))
  await provisioned(
    speeches.map(({ deviceId }) => deviceId),
    options.provision,
    settings,
  )
  return speeches.map((speech) => new ProtocolDevice(speech, options))
}

function numbered({ devices, prefix, first }: SimulateOptions): string[] {
  return Array.from({ length: devices }, (_, at) => `${prefix}${first + at}`)
}

async function provisioned(
  deviceIds: readonly string[],
  provision: boolean,
  settings: Settings,
): Promise<{ deviceId: string; key?: string | undefined }[]> {
  if (!provision) return deviceIds.map((deviceId) => ({ deviceId }))
  if (settings.hub === undefined) throw new GatewayError('CONFIGURATION', '--provision takes a hub in HEADGATE_HUB')
  const found: { deviceId: string; key: string }[] = []
  for (const deviceId of deviceIds) {
    found.push({ deviceId, key: await provisionDevice(settings.hub, settings.hubCa, deviceId) })
  }
  return found
}

function words(report: FleetReport): string {
  const { devices, sent, acked, nacked, lost, written, polled, resent, latencyMs } = report
  const latency = `p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`
  const others = Object.entries({ written, polled, resent }).filter(([, count]) => count > 0)
  const besides = others.map(([what, count]) => `, ${count} ${what}`).join('')
  return `${devices} devices: ${sent} sent, ${acked} acknowledged, ${nacked} refused, ${lost} lost${besides}; latency ${latency}`
}
