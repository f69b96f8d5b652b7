import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'
import { HubError } from './errors.ts'

/** Whether a device may connect. */
export type DeviceStatus = 'enabled' | 'disabled'

/** A device to create, or what to change of one. */
export interface DeviceInput {
  /** 1 to 128 characters: ASCII letters and digits and `- . + % _ # * ? ! ( ) , = @ $ ' :`, case-sensitive. */
  readonly deviceId: string
  /** Default `enabled`. */
  readonly status?: DeviceStatus
  readonly statusReason?: string
  /** Base64; empty or absent means: keep, or generate for a new device. */
  readonly primaryKey?: string
  /** As `primaryKey`. */
  readonly secondaryKey?: string
}

/** A device as the registry shows it; times are ISO 8601. Source: the `Device` schema of the IoT Hub REST API. */
export interface DeviceIdentity {
  readonly deviceId: string
  /** Tells apart devices that had the same id one after the other. */
  readonly generationId: string
  /** Changes with every update. */
  readonly etag: string
  /** Always `Disconnected`: HTTPS has no connection that a hub could see. */
  readonly connectionState: 'Disconnected'
  readonly status: DeviceStatus
  readonly statusReason: string | null
  readonly connectionStateUpdatedTime: string
  readonly statusUpdatedTime: string
  readonly lastActivityTime: string
  readonly cloudToDeviceMessageCount: number
  readonly authentication: {
    readonly type: 'sas'
    readonly symmetricKey: { readonly primaryKey: string; readonly secondaryKey: string }
    readonly x509Thumbprint: { readonly primaryThumbprint: null; readonly secondaryThumbprint: null }
  }
  readonly capabilities: { readonly iotEdge: false }
}

/** How the registry stood before it ever heard of a device's activity. Source: what IoT Hub itself shows. */
const never = '0001-01-01T00:00:00Z'
const idPattern = /^[A-Za-z0-9\-.+%_#*?!(),=@$':]{1,128}$/

/** The identity registry: devices by id, in the order of creation. Every method returns a snapshot. */
export class Registry {
  readonly #clock: Clock
  readonly #devices = new Map<string, DeviceIdentity>()
  #counter = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Adds a device, with fresh keys where it brings none.
   *
   * @throws {HubError} 409001 when the id is taken, 400004 when the id or a key is no such thing.
   */
  create(input: DeviceInput): DeviceIdentity {
    if (!idPattern.test(input.deviceId)) throw new HubError(400004, 'deviceId has a character or a length not allowed')
    if (this.#devices.has(input.deviceId)) throw new HubError(409001, `device ${input.deviceId} exists already`)
    this.#counter++
    const now = this.#clock.now()
    return this.#store(input, {
      deviceId: input.deviceId,
      generationId: `${now}${String(this.#counter).padStart(5, '0')}`,
      etag: '',
      connectionState: 'Disconnected',
      status: 'enabled',
      statusReason: null,
      connectionStateUpdatedTime: never,
      statusUpdatedTime: never,
      lastActivityTime: never,
      cloudToDeviceMessageCount: 0,
      authentication: {
        type: 'sas',
        symmetricKey: { primaryKey: freshKey(), secondaryKey: freshKey() },
        x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
      },
      capabilities: { iotEdge: false },
    })
  }

  /**
   * Changes a device; what the input leaves out stays.
   *
   * @param ifMatch An etag with or without quotes, or `*` for any.
   * @throws {HubError} 404001, 412001 when the etag is another, 400004.
   */
  update(input: DeviceInput, ifMatch: string): DeviceIdentity {
    const device = this.get(input.deviceId)
    requireMatch(device, ifMatch)
    return this.#store(input, device)
  }

  /** Removes a device. @throws {HubError} 404001, 412001 when the etag is another. */
  delete(deviceId: string, ifMatch = '*'): void {
    requireMatch(this.get(deviceId), ifMatch)
    this.#devices.delete(deviceId)
  }

  /** One device. @throws {HubError} 404001. */
  get(deviceId: string): DeviceIdentity {
    const device = this.find(deviceId)
    if (!device) throw new HubError(404001, `device ${deviceId} is not registered`)
    return device
  }

  /** One device, or undefined. */
  find(deviceId: string): DeviceIdentity | undefined {
    return this.#devices.get(deviceId)
  }

  /** Up to `limit` devices after the first `offset`. */
  list(limit: number, offset = 0): DeviceIdentity[] {
    return [...this.#devices.values()].slice(offset, offset + limit)
  }

  /** Notes that a device was just heard of; nothing when it is gone by now. */
  touch(deviceId: string): void {
    const device = this.find(deviceId)
    if (device) this.#devices.set(deviceId, { ...device, lastActivityTime: new Date(this.#clock.now()).toISOString() })
  }

  #store(input: DeviceInput, before: DeviceIdentity): DeviceIdentity {
    const keys = before.authentication.symmetricKey
    const status = input.status ?? before.status
    this.#counter++
    const device: DeviceIdentity = {
      ...before,
      etag: Buffer.from(String(this.#counter)).toString('base64'),
      status,
      statusReason: input.statusReason ?? before.statusReason,
      statusUpdatedTime:
        status === before.status ? before.statusUpdatedTime : new Date(this.#clock.now()).toISOString(),
      authentication: {
        ...before.authentication,
        symmetricKey: {
          primaryKey: checkedKey('primaryKey', input.primaryKey) || keys.primaryKey,
          secondaryKey: checkedKey('secondaryKey', input.secondaryKey) || keys.secondaryKey,
        },
      },
    }
    this.#devices.set(device.deviceId, device)
    return device
  }
}

function requireMatch(device: DeviceIdentity, ifMatch: string): void {
  const etag = ifMatch.replace(/^"(.*)"$/, '$1')
  if (etag !== '*' && etag !== device.etag) throw new HubError(412001, 'the device has changed since, its etag differs')
}

function freshKey(): string {
  return randomBytes(32).toString('base64')
}

function checkedKey(field: string, key: string | undefined): string | undefined {
  // 16 to 64 bytes of base64, as the registry demands of symmetric keys.
  if (key && !/^(?=.{22,88}$)[A-Za-z0-9+/]+={0,2}$/.test(key)) {
    throw new HubError(400004, `${field} must be base64 of 16 to 64 bytes`)
  }
  return key
}
