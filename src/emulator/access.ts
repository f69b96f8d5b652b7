import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Clock } from './clock.ts'
import { HubError } from './errors.ts'
import type { DeviceIdentity } from './registry.ts'
import type { SharedAccessSignature } from './shared-access-signature.ts'
import { covers, isExpired, isSignedBy, parseSharedAccessSignature } from './shared-access-signature.ts'

/** What a policy may allow. Source: "Control access to IoT Hub by using shared access signatures". */
export type Permission = 'RegistryRead' | 'RegistryWrite' | 'ServiceConnect' | 'DeviceConnect'

/** The built-in shared access policies of a hub. */
export type PolicyName = 'iothubowner' | 'service' | 'device' | 'registryRead' | 'registryReadWrite'

/** Whose key vouched for a request: the device's own, or a policy of the hub. */
export type Voucher = 'device' | 'hub'

const permissions: Readonly<Record<PolicyName, readonly Permission[]>> = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
}

/** The hub's policies with their keys, and the judgement of who may do what. */
export class Policies {
  readonly #clock: Clock
  readonly #hosts: ReadonlySet<string>
  readonly #keys: ReadonlyMap<string, string>

  /** @param names DNS names and addresses (IPv6 without brackets) that a signed resource may begin with. */
  constructor(clock: Clock, names: readonly string[]) {
    this.#clock = clock
    this.#hosts = new Set(names.map((name) => (isIPv6(name) ? `[${name}]` : name).toLowerCase()))
    this.#keys = new Map(Object.keys(permissions).map((name) => [name, randomBytes(32).toString('base64')]))
  }

  /** The base64 key of a policy. */
  key(policy: PolicyName): string {
    return this.#keys.get(policy) ?? ''
  }

  /**
   * Lets a device act, by its own key or by a policy with DeviceConnect.
   *
   * @param path What it wants, such as `['devices', 'd1', 'messages', 'events']`.
   * @param findDevice Throws 404001 for a device that the registry does not know.
   * @throws {HubError} 401002 or 401003; what `findDevice` throws.
   */
  admitDevice(
    authorization: string | undefined,
    path: readonly string[],
    findDevice: () => DeviceIdentity,
  ): { device: DeviceIdentity; voucher: Voucher } {
    const signature = this.#parse(authorization)
    const device = findDevice()
    if (device.status === 'disabled') throw new HubError(401002, 'the device is disabled')
    const { primaryKey, secondaryKey } = device.authentication.symmetricKey
    if (signature.policy !== undefined) this.#requirePolicy(signature, ['DeviceConnect'])
    else if (!isSignedBy(signature, [primaryKey, secondaryKey])) throw notSigned()
    this.#requireResource(signature, path)
    return { device, voucher: signature.policy === undefined ? 'device' : 'hub' }
  }

  /**
   * Lets a back end act, by a policy with any one of the permissions.
   *
   * @param path What it wants, such as `['devices', 'd1']`.
   * @throws {HubError} 401002 or 401003.
   */
  admitService(authorization: string | undefined, path: readonly string[], anyOf: readonly Permission[]): void {
    const signature = this.#parse(authorization)
    this.#requirePolicy(signature, anyOf)
    this.#requireResource(signature, path)
  }

  #parse(authorization: string | undefined): SharedAccessSignature {
    const signature = parseSharedAccessSignature(authorization)
    if (isExpired(signature, this.#clock.now())) throw new HubError(401003, 'the shared access signature has expired')
    return signature
  }

  #requirePolicy(signature: SharedAccessSignature, anyOf: readonly Permission[]): void {
    const key = this.#keys.get(signature.policy ?? '')
    if (key === undefined || !isSignedBy(signature, [key])) throw notSigned()
    const granted = permissions[signature.policy as PolicyName]
    if (!anyOf.some((permission) => granted.includes(permission))) {
      throw new HubError(401002, `the policy lacks ${anyOf.join(' or ')}`)
    }
  }

  #requireResource(signature: SharedAccessSignature, path: readonly string[]): void {
    if (!covers(signature, this.#hosts, path)) {
      throw new HubError(401002, 'the shared access signature is for another resource')
    }
  }
}

function notSigned(): HubError {
  return new HubError(401002, 'the shared access signature was not made with a key that counts here')
}
