/** Limits of {@link AcceptedIds}, all above 0. */
export interface AcceptedIdLimits {
  readonly windowMs: number
  readonly maxPerDevice: number
  readonly maxDevices: number
}

interface Device {
  /** When each id was accepted, the oldest first. */
  readonly ids: Map<string, number>
  newestAt: number
}

/**
 * Message ids that the hub has accepted of each device, for `dedupe`. What is too old is forgotten as others come, and beyond the limits
 * the oldest id of a device, the device that has been silent longest. Times are milliseconds of a clock that never goes back.
 */
export class AcceptedIds {
  readonly #limits: AcceptedIdLimits
  /** The device whose last acceptance is oldest comes first. */
  readonly #devices = new Map<string, Device>()

  constructor(limits: AcceptedIdLimits) {
    this.#limits = limits
  }

  has(deviceId: string, messageId: string, now: number): boolean {
    const acceptedAt = this.#devices.get(deviceId)?.ids.get(messageId)
    return acceptedAt !== undefined && now - acceptedAt <= this.#limits.windowMs
  }

  add(deviceId: string, messageId: string, now: number): void {
    const device = this.#devices.get(deviceId) ?? { ids: new Map<string, number>(), newestAt: now }
    this.#devices.delete(deviceId)
    this.#devices.set(deviceId, device)
    device.newestAt = now
    device.ids.delete(messageId)
    device.ids.set(messageId, now)
    this.#forget(device.ids, now)
  }

  /** How many ids are held, of all devices. */
  get size(): number {
    let size = 0
    for (const { ids } of this.#devices.values()) size += ids.size
    return size
  }

  #forget(ids: Map<string, number>, now: number): void {
    const { windowMs, maxPerDevice, maxDevices } = this.#limits
    for (const [messageId, acceptedAt] of ids) {
      if (ids.size <= maxPerDevice && now - acceptedAt <= windowMs) break
      ids.delete(messageId)
    }
    for (const [deviceId, { newestAt }] of this.#devices) {
      if (this.#devices.size <= maxDevices && now - newestAt <= windowMs) break
      this.#devices.delete(deviceId)
    }
  }
}
