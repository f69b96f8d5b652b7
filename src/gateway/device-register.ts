/** A connection that a device is known on. */
export interface DeviceHolder {
  /** When it was accepted; see {@link acceptTime}. */
  readonly acceptedAt: number
  /** Called once, when the device turns out to have a newer connection. */
  takenOver(): void
}

/** Hears of changes of a {@link DeviceRegister}. */
export interface DeviceAnnouncer {
  claimed(deviceId: string, acceptedAt: number): void
  released(deviceId: string, acceptedAt: number): void
}

/**
 * Which connection is the newest of each device of a pipeline, so that the older ones, ghosts most of them, can be ended. Newest is what was
 * accepted last, not what was identified last: the hello of a connection that its device gave up may be answered late.
 */
export class DeviceRegister {
  readonly #newest = new Map<string, DeviceHolder>()
  readonly #announcer: DeviceAnnouncer | undefined

  constructor(announcer?: DeviceAnnouncer) {
    this.#announcer = announcer
  }

  /** The device is known on this connection: it, or the one that was the newest, is taken over. */
  claim(deviceId: string, holder: DeviceHolder): void {
    const before = this.#newest.get(deviceId)
    if (before !== undefined && before.acceptedAt > holder.acceptedAt) {
      holder.takenOver()
      return
    }
    this.#newest.set(deviceId, holder)
    before?.takenOver()
    this.#announcer?.claimed(deviceId, holder.acceptedAt)
  }

  /** The connection has ended. */
  release(deviceId: string, holder: DeviceHolder): void {
    if (this.#newest.get(deviceId) !== holder) return
    this.#newest.delete(deviceId)
    this.#announcer?.released(deviceId, holder.acceptedAt)
  }

  /** Another process accepted a connection of the device at that time; an older one here is taken over. */
  claimedElsewhere(deviceId: string, acceptedAt: number): void {
    const holder = this.#newest.get(deviceId)
    if (holder === undefined || holder.acceptedAt > acceptedAt) return
    this.#newest.delete(deviceId)
    holder.takenOver()
  }
}

/** Now, in microseconds of a clock that all processes of this machine share and that is never set back. */
export function acceptTime(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + nanoseconds / 1e3
}
