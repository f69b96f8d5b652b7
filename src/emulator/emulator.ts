import type { PolicyName } from './access.ts'
import { Policies } from './access.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { controlRoutes } from './control-api.ts'
import { deviceRoutes } from './device-api.ts'
import { HubError } from './errors.ts'
import { EventTap } from './events.ts'
import { EmulatedHub } from './hub.ts'
import type { DeviceInput } from './registry.ts'
import { registryRoutes } from './registry-api.ts'
import { listen } from './server.ts'

/** The name under azure-devices.net that the certificate carries, for SDKs that insist on a hub's own domain. */
const azureName = 'emulator.azure-devices.net'

/** How to start an emulator; every field has a default. */
export interface EmulatorOptions {
  /** TCP port of the HTTPS listener, 0 to 65535; 0 (default) takes a free one. */
  port?: number
  /** Address to bind (default `127.0.0.1`). */
  host?: string
  /** More DNS names or IP addresses for the certificate, which SAS resources may then also name. */
  hostNames?: readonly string[]
  /** What tells the time to locks, TTLs, throttles and SAS expiry (default: the machine's clock). */
  clock?: Clock
  /** Whether a lock that runs out counts as a delivery, as older hubs had it (default false: only abandon counts). */
  lockExpiryCountsDelivery?: boolean
  /** Bearer token that opens the control API to peers that are not on loopback (default: none, loopback only). */
  controlToken?: string
  /** Certificate of an earlier emulator, so that its clients trust this one too (default: a new one). */
  certificate?: Certificate
  /** Devices that exist from the start; keys left out are generated. */
  devices?: readonly DeviceInput[]
}

/** A running emulator. */
export interface Emulator {
  /** The port that it listens on. */
  readonly port: number
  /** The address that it is bound to. */
  readonly host: string
  /** `localhost:PORT`, as connection strings name it. */
  readonly hostName: string
  /** PEM of the self-signed certificate, to be trusted as a CA. It also covers `emulator.azure-devices.net`. */
  readonly ca: string
  /** The certificate with its private key, to start another emulator with. Holds a secret. */
  readonly certificate: Certificate
  /** Connection string of the `iothubowner` policy. Holds a secret. */
  readonly connectionString: string
  /** The hub itself, in process: devices, commands, accepted messages, faults, counters. */
  readonly hub: EmulatedHub
  /** Connection string of one of the five built-in policies. Holds a secret. */
  policyConnectionString(policy: PolicyName): string
  /** Connection string of a device with its primary key. Holds a secret. Throws {@link HubError} 404001. */
  deviceConnectionString(deviceId: string): string
  /** Cuts every socket and event stream, hung requests included, and stops listening. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Starts an IoT Hub on this machine.
 *
 * @throws {HubError} 400004 or 409001 when a pre-created device is wrong; the listener's error (`EADDRINUSE`).
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const clock = options.clock ?? systemClock
  const hub = new EmulatedHub({ clock, lockExpiryCountsDelivery: options.lockExpiryCountsDelivery ?? false })
  for (const device of options.devices ?? []) hub.createDevice(device)
  const names = ['localhost', '127.0.0.1', '::1', azureName, ...(options.hostNames ?? [])]
  const made = options.certificate ?? (await makeCertificate(names))
  const { certificate, privateKey } = made
  const policies = new Policies(clock, names)
  const tap = new EventTap(hub)
  const host = options.host ?? '127.0.0.1'
  const server = await listen({
    host,
    port: options.port ?? 0,
    certificate,
    privateKey,
    clock,
    counters: hub.counters,
    routes: [
      ...deviceRoutes(hub, policies),
      ...registryRoutes(hub, policies),
      ...controlRoutes(hub, tap, options.controlToken),
    ],
  })
  const hostName = `localhost:${server.port}`
  const policyConnectionString = (policy: PolicyName): string =>
    `HostName=${hostName};SharedAccessKeyName=${policy};SharedAccessKey=${policies.key(policy)}`
  return {
    port: server.port,
    host,
    hostName,
    ca: certificate,
    certificate: made,
    connectionString: policyConnectionString('iothubowner'),
    hub,
    policyConnectionString,
    deviceConnectionString(deviceId) {
      const device = hub.getDevice(deviceId)
      if (!device) throw new HubError(404001, `device ${deviceId} is not registered`)
      const { primaryKey } = device.authentication.symmetricKey
      return `HostName=${hostName};DeviceId=${deviceId};SharedAccessKey=${primaryKey}`
    },
    async close() {
      tap.close()
      await server.close()
    },
  }
}
