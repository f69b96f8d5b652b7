import type { AuthenticationProvider } from 'azure-iot-common'
import azureDevice from 'azure-iot-device'
import { GatewayError } from '../core/errors.ts'
import type { Identity } from '../core/items.ts'
import { workerPlace } from '../core/worker-place.ts'
import { AzureHttpSession } from './azure-http-session.ts'
import { BodyPool } from './body-pool.ts'
import { type HubAddress, parseConnectionString } from './connection-string.ts'
import { DeviceRequests } from './device-requests.ts'
import { DeviceTransport } from './device-transport.ts'
import { HubClient } from './hub-client.ts'
import { PollSchedule } from './poll-schedule.ts'
import type { Hub, HubSession, HubSessionContext } from './port.ts'

/** Options of {@link azureHttp}. */
export interface AzureHttpOptions {
  /** Certificate authorities in PEM for a private hub; default: the system's. */
  readonly ca?: string
  /**
   * Sockets to the hub that all devices share, and a quarter as many for polls; default 64. A hub at 40 ms takes 25 requests
   * a second on each. Each worker has so many.
   */
  readonly maxSockets?: number
  /** A request is given up after so long; default 30000. */
  readonly requestTimeoutMs?: number
  /** Polls for commands a second, over all devices; default 16, what one S1 unit allows. Workers divide it. */
  readonly pollsPerSecond?: number
  /** How long a device waits between polls that find nothing, at least; default 5000. */
  readonly pollIntervalMs?: number
}

/**
 * IoT Hub over HTTPS through Microsoft's device SDK, a transport a device and one pool of sockets for all. `connectionString`
 * as in {@link parseConnectionString}. Throws `CONFIGURATION`, for options out of range too.
 *
 * Commands are polled for: each device about every `pollIntervalMs`, all together at most `pollsPerSecond`. A connect costs one
 * poll more, outside of this budget.
 */
export function azureHttp(connectionString: string | undefined, options: AzureHttpOptions = {}): Hub {
  if (connectionString === undefined)
    throw new GatewayError('CONFIGURATION', 'azureHttp: there is no connection string')
  const address = parseConnectionString(connectionString)
  const maxSockets = inRange('maxSockets', options.maxSockets ?? 64, 1, 65_535)
  const timeoutMs = inRange('requestTimeoutMs', options.requestTimeoutMs ?? 30_000, 1, 3_600_000)
  const pollsPerSecond = inRange('pollsPerSecond', options.pollsPerSecond ?? 16, 0.001, 1_000_000)
  const intervalMs = inRange('pollIntervalMs', options.pollIntervalMs ?? 5000, 1, 86_400_000)
  const client = new HubClient({ address, ca: options.ca, maxSockets, timeoutMs })
  const schedule = new PollSchedule({ pollsPerSecond: pollsPerSecond / (workerPlace()?.count ?? 1), intervalMs })
  const sessions = new Set<HubSession>()
  const bodies = new BodyPool()
  return {
    can: { batch: true, outcomes: ['complete', 'abandon', 'reject'], methods: false, twin: false },
    async prepare() {
      // The SDK looks up the name of the Linux distribution in a child process, and does so again for every client until
      // one look-up has finished: with a thousand devices at start nothing would be sent for ten seconds.
      await azureDevice.getUserAgentString()
    },
    open: (device, context) => openSession(device, context, { address, client, schedule, bodies, sessions }),
    async close() {
      await Promise.all([...sessions].map((session) => session.close()))
      await client.close()
    },
  }
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new GatewayError('CONFIGURATION', `azureHttp: ${name} must be from ${min} to ${max}, not ${value}`)
}

/** What all sessions share. */
interface Shared {
  readonly address: HubAddress
  readonly client: HubClient
  readonly schedule: PollSchedule
  readonly bodies: BodyPool
  readonly sessions: Set<HubSession>
}

async function openSession(
  device: Identity,
  context: HubSessionContext,
  { address, client, schedule, bodies, sessions }: Shared,
): Promise<HubSession> {
  if (context.signal.aborted) throw new GatewayError('HUB_SESSION_CLOSED', 'the connection is gone')
  const requests = new DeviceRequests(client, context.meter)
  const transport = new DeviceTransport(credentialsFor(device, address), requests)
  const session = new AzureHttpSession({ transport, requests, context, schedule, bodies, sessions })
  sessions.add(session)
  const abort = () => requests.close()
  context.signal.addEventListener('abort', abort, { once: true })
  try {
    if (context.sendOnly !== true) await session.verify()
    return session
  } catch (thrown) {
    await session.close()
    throw GatewayError.from(thrown, 'hub.up')
  } finally {
    context.signal.removeEventListener('abort', abort)
  }
}

/** A fresh credential object for each device: shared ones are how one device's data ended up under another's name elsewhere. */
function credentialsFor(device: Identity, address: HubAddress): AuthenticationProvider {
  const { deviceId, credentials } = device
  const { host, policy } = address
  if (credentials.type === 'sas') {
    const sharedAccessSignature = credentials.sas.reveal()
    // It becomes a header, in which a device could put anything.
    if (!/^[ -~]+$/.test(sharedAccessSignature)) throw new GatewayError('UNAUTHORIZED', 'the token is malformed')
    return new azureDevice.SharedAccessSignatureAuthenticationProvider({
      host,
      deviceId,
      sharedAccessSignature,
    })
  }
  if (credentials.type === 'key') {
    const sharedAccessKey = credentials.key.reveal()
    if (sharedAccessKey === '') throw new GatewayError('UNAUTHORIZED', 'the key is empty')
    return new azureDevice.SharedAccessKeyAuthenticationProvider({
      host,
      deviceId,
      sharedAccessKey,
    })
  }
  if (policy === undefined) {
    throw new GatewayError(
      'CONFIGURATION',
      'the gateway has no hub policy to act for devices that bring no credentials',
    )
  }
  return new azureDevice.SharedAccessKeyAuthenticationProvider({
    host,
    deviceId,
    sharedAccessKeyName: policy.name,
    sharedAccessKey: policy.key.reveal(),
  })
}
