import type { Voucher } from './access.ts'
import type { Clock } from './clock.ts'
import type { Command } from './command.ts'
import { Counters } from './counters.ts'
import type { AcceptedMessage, D2cContent } from './d2c-message.ts'
import { stamp } from './d2c-message.ts'
import type { CommandState } from './device-queue.ts'
import { DeviceQueue } from './device-queue.ts'
import { Faults } from './faults.ts'
import type { DeviceIdentity, DeviceInput } from './registry.ts'
import { Registry } from './registry.ts'

/** What a hub is made of. */
export interface HubOptions {
  readonly clock: Clock
  /** Whether a lock that runs out counts as a delivery. */
  readonly lockExpiryCountsDelivery: boolean
}

/** The hub without its network: devices, their commands, the messages they sent, and what shall go wrong. */
export class EmulatedHub {
  /** Tells the time to everything in this hub. */
  readonly clock: Clock
  /** What has been seen on the network. */
  readonly counters = new Counters()
  /** What shall go wrong. */
  readonly faults: Faults
  readonly #options: HubOptions
  readonly #registry: Registry
  readonly #queues = new Map<string, DeviceQueue>()
  readonly #listeners = new Set<(message: AcceptedMessage) => void>()

  constructor(options: HubOptions) {
    this.clock = options.clock
    this.faults = new Faults(options.clock)
    this.#options = options
    this.#registry = new Registry(options.clock)
  }

  /** Adds a device, with fresh keys where it brings none. Throws `HubError` 409001 or 400004. */
  createDevice(input: DeviceInput): DeviceIdentity {
    const device = this.#registry.create(input)
    this.#queues.set(device.deviceId, new DeviceQueue(this.#options))
    return device
  }

  /** A snapshot of a device, or undefined. */
  getDevice(deviceId: string): DeviceIdentity | undefined {
    const device = this.#registry.find(deviceId)
    return device && this.#withCount(device)
  }

  /** As {@link getDevice}, but throws `HubError` 404001. */
  requireDevice(deviceId: string): DeviceIdentity {
    return this.#withCount(this.#registry.get(deviceId))
  }

  /** Up to `limit` devices after the first `offset`, in the order of creation. */
  listDevices(limit = 1000, offset = 0): DeviceIdentity[] {
    return this.#registry.list(limit, offset).map((device) => this.#withCount(device))
  }

  /** Changes a device if its etag matches (`*`, the default, is any). Throws `HubError` 404001, 412001 or 400004. */
  updateDevice(input: DeviceInput, ifMatch = '*'): DeviceIdentity {
    return this.#withCount(this.#registry.update(input, ifMatch))
  }

  /** Removes a device and its commands, if its etag matches. Throws `HubError` 404001 or 412001. */
  deleteDevice(deviceId: string, ifMatch = '*'): void {
    this.#registry.delete(deviceId, ifMatch)
    this.#queues.delete(deviceId)
  }

  /** Queues a command; returns its messageId. Throws `HubError` 404001, 403004 when 50 wait, 400004 or 413001. */
  queueCommand(deviceId: string, command: Command): string {
    return this.queue(deviceId).enqueue(command)
  }

  /** What became of a device's commands. Throws `HubError` 404001. */
  commandStates(deviceId: string): CommandState[] {
    return this.queue(deviceId).states()
  }

  /** The commands of a device. Throws `HubError` 404001. */
  queue(deviceId: string): DeviceQueue {
    this.#registry.get(deviceId)
    const queue = this.#queues.get(deviceId)
    if (!queue) throw new Error(`device ${deviceId} has no queue`)
    return queue
  }

  /** Calls a listener with every message accepted from now on, until the function it returns is called. */
  subscribe(listener: (message: AcceptedMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Takes responsibility for messages of a device, in order. Throws `HubError` 404001 when it is gone by now. */
  accept(deviceId: string, voucher: Voucher, contents: readonly D2cContent[]): void {
    const device = this.#registry.get(deviceId)
    this.#registry.touch(deviceId)
    for (const message of stamp(contents, device, voucher, this.clock.now())) {
      for (const listener of this.#listeners) listener(message)
    }
  }

  #withCount(device: DeviceIdentity): DeviceIdentity {
    return { ...device, cloudToDeviceMessageCount: this.queue(device.deviceId).length }
  }
}
