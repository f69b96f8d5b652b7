import type { Voucher } from './access.ts'
import { HubError } from './errors.ts'
import type { DeviceIdentity } from './registry.ts'

/** One message as a device sent it. */
export interface D2cContent {
  readonly body: Buffer
  /** The application's properties, without the `iothub-app-` prefix. */
  readonly properties: Readonly<Record<string, string>>
  /** What the hub knows by name, as back ends see it: `message-id`, `correlation-id`, `content-type`, … */
  readonly systemProperties: Readonly<Record<string, string>>
}

/** A device-to-cloud message that the hub took responsibility for. */
export interface AcceptedMessage extends D2cContent {
  readonly deviceId: string
  /** ISO 8601. */
  readonly enqueuedTime: string
}

/**
 * Names on a device's wire (lower case) and the names that back ends read. Sources: "Create and read IoT Hub messages"
 * for the latter, the HTTP transports of the C, C#, Java and Node device SDKs for the former.
 */
const systemNames: ReadonlyMap<string, string> = new Map([
  ['iothub-messageid', 'message-id'],
  ['iothub-correlationid', 'correlation-id'],
  ['iothub-userid', 'user-id'],
  ['iothub-contenttype', 'content-type'],
  ['iothub-contentencoding', 'content-encoding'],
  ['iothub-expiry', 'absolute-expiry-time'],
  ['iothub-ack', 'iothub-ack'],
  ['iothub-creationtimeutc', 'iothub-creation-time-utc'],
  ['iothub-interface-id', 'iothub-interface-id'],
  ['iothub-messageschema', 'iothub-message-schema'],
  ['dt-subject', 'dt-subject'],
])

const applicationPrefix = 'iothub-app-'

/**
 * Sorts headers, or the `properties` of a batch entry, into the application's and the hub's; ignores all others, as
 * HTTP does with headers that it does not know. The case of the application's names is kept, the last of equals wins.
 *
 * @throws {HubError} 400004 when the message id is longer than 128 characters.
 */
export function readProperties(wire: Iterable<readonly [string, string]>): Omit<D2cContent, 'body'> {
  const properties: [string, string][] = []
  const systemProperties: [string, string][] = []
  for (const [wireName, value] of wire) {
    const lowerCase = wireName.toLowerCase()
    const systemName = systemNames.get(lowerCase)
    if (lowerCase.startsWith(applicationPrefix)) properties.push([wireName.slice(applicationPrefix.length), value])
    else if (systemName !== undefined) systemProperties.push([systemName, value])
    if (systemName === 'message-id' && value.length > 128) {
      throw new HubError(400004, 'the message id has more than 128 characters')
    }
  }
  // fromEntries defines properties, so that a name such as __proto__ is only a name.
  return { properties: Object.fromEntries(properties), systemProperties: Object.fromEntries(systemProperties) }
}

/** Adds what only the hub may say: who sent the messages of one send, how it proved that, and when. */
export function stamp(
  contents: readonly D2cContent[],
  device: DeviceIdentity,
  voucher: Voucher,
  nowMs: number,
): AcceptedMessage[] {
  const enqueuedTime = new Date(nowMs).toISOString()
  const own = {
    'iothub-connection-device-id': device.deviceId,
    'iothub-connection-auth-generation-id': device.generationId,
    'iothub-connection-auth-method': JSON.stringify({ scope: voucher, type: 'sas', issuer: 'iothub' }),
    'iothub-enqueuedtime': enqueuedTime,
  }
  return contents.map(({ body, properties, systemProperties }) => ({
    deviceId: device.deviceId,
    body,
    properties,
    // A spread takes some thirty times as long, and this is done for every message.
    systemProperties: Object.assign({}, systemProperties, own),
    enqueuedTime,
  }))
}
