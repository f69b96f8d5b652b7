/** One that is connected, as {@link ConnectedDevices} sees it. */
export interface DeviceConnection {
  /** Ends in an orderly way, because the device has connected anew. */
  takeOver(): void
}

interface Entry {
  readonly connection: DeviceConnection
  /** Microseconds of the machine's monotonic clock, which its processes share. */
  readonly since: number
}

/** Who is connected, by pipeline and device: of a device that connects anew while its old connection still stands, only the new one stays. */
export class ConnectedDevices {
  readonly #entries = new Map<string, Entry>()
  /** Hears of devices that came, and since when, for whoever knows of other processes. */
  onCame: (device: string, since: number) => void = () => {}
  /** Hears of devices whose last connection ended. */
  onLeft: (device: string) => void = () => {}

  /** A device is known on a connection: an older one of the same device is ended. */
  came(pipeline: string, deviceId: string, connection: DeviceConnection): void {
    const device = keyOf(pipeline, deviceId)
    const older = this.#entries.get(device)?.connection
    const since = Number(process.hrtime.bigint() / 1000n)
    this.#entries.set(device, { connection, since })
    if (older !== undefined && older !== connection) older.takeOver()
    this.onCame(device, since)
  }

  /** A connection has ended. */
  left(pipeline: string, deviceId: string, connection: DeviceConnection): void {
    const device = keyOf(pipeline, deviceId)
    if (this.#entries.get(device)?.connection !== connection) return
    this.#entries.delete(device)
    this.onLeft(device)
  }

  /** A device, as {@link ConnectedDevices.onCame} named it, has connected to another process; not if it has come back since. */
  goneElsewhere(device: string, since: number): void {
    const entry = this.#entries.get(device)
    if (entry === undefined || entry.since > since) return
    this.#entries.delete(device)
    entry.connection.takeOver()
  }
}

/** No name of a pipeline holds a slash. */
function keyOf(pipeline: string, deviceId: string): string {
  return `${pipeline}/${deviceId}`
}
