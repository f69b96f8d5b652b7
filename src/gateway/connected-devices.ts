/** One that is connected, as {@link ConnectedDevices} sees it. */
export interface DeviceConnection {
  /** Ends in an orderly way, because the device has connected anew. */
  takeOver(): void
}

/** Who is connected, by pipeline and device: of a device that connects anew while its old connection still stands, only the new one stays. */
export class ConnectedDevices {
  readonly #connections = new Map<string, DeviceConnection>()
  /** Hears of devices that came, for whoever knows of other processes. */
  onCame: (device: string) => void = () => {}
  /** Hears of devices whose last connection ended. */
  onLeft: (device: string) => void = () => {}

  /** A device is known on a connection: an older one of the same device is ended. */
  came(pipeline: string, deviceId: string, connection: DeviceConnection): void {
    const device = keyOf(pipeline, deviceId)
    const older = this.#connections.get(device)
    this.#connections.set(device, connection)
    if (older !== undefined && older !== connection) older.takeOver()
    this.onCame(device)
  }

  /** A connection has ended. */
  left(pipeline: string, deviceId: string, connection: DeviceConnection): void {
    const device = keyOf(pipeline, deviceId)
    if (this.#connections.get(device) !== connection) return
    this.#connections.delete(device)
    this.onLeft(device)
  }

  /** A device, as {@link ConnectedDevices.onCame} named it, has connected to another process. */
  goneElsewhere(device: string): void {
    const connection = this.#connections.get(device)
    this.#connections.delete(device)
    connection?.takeOver()
  }
}

/** No name of a pipeline holds a slash. */
function keyOf(pipeline: string, deviceId: string): string {
  return `${pipeline}/${deviceId}`
}
