import { setImmediate as turn } from 'node:timers/promises'
import type { SimulatedDeviceOptions } from '../../src/cli/simulated-device.ts'
import { type AcceptedMessage, type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { type Gateway, type ServeOptions, serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import type { Hub } from '../../src/hub/port.ts'
import { retry } from '../../src/hub/retry.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'

/** Emulator and gateway in one process, with real sockets and TLS between all parts. */
export class LocalHub {
  readonly devices: readonly string[]
  /** Everything that the hub accepted, in order. */
  readonly accepted: AcceptedMessage[] = []
  emulator!: Emulator
  gateway!: Gateway
  hub!: Hub
  #keys = new Map<string, string>()
  #port = 0
  #certificate: Emulator['certificate'] | undefined

  constructor(devices: readonly string[]) {
    this.devices = devices
  }

  /** `requestTimeoutMs` is how soon a hub that hangs is noticed. */
  async start(options: Partial<ServeOptions> = {}, requestTimeoutMs = 30_000): Promise<void> {
    await this.startHub()
    // Short pauses, so that a hub that comes back is noticed at once; the deadlines of production are minutes.
    const timing = { requestTimeoutMs, pollIntervalMs: 20, pollsPerSecond: 1000 }
    const remote = azureHttp(`HostName=${this.emulator.hostName}`, { ca: this.emulator.ca, ...timing })
    this.hub = retry(remote, { minDelayMs: 10, maxDelayMs: 50 })
    this.gateway = await serve(jsonLines(this.hub), { port: 0, ...options })
  }

  /** Starts the emulator, after {@link LocalHub.stopHub} with the same port, certificate name and keys. */
  async startHub(): Promise<void> {
    const inputs = this.devices.map((deviceId) => {
      const primaryKey = this.#keys.get(deviceId)
      return { deviceId, ...(primaryKey !== undefined && { primaryKey }) }
    })
    const known = this.#certificate === undefined ? {} : { certificate: this.#certificate }
    this.emulator = await startEmulator({ port: this.#port, devices: inputs, ...known })
    this.#certificate = this.emulator.certificate
    this.#port = this.emulator.port
    this.emulator.hub.subscribe((message) => this.accepted.push(message))
    for (const deviceId of this.devices) this.#keys.set(deviceId, this.key(deviceId))
  }

  stopHub(): Promise<void> {
    return this.emulator.close()
  }

  key(deviceId: string): string {
    return this.emulator.hub.getDevice(deviceId)?.authentication.symmetricKey.primaryKey as string
  }

  device(deviceId: string, key = this.key(deviceId)): SimulatedDeviceOptions {
    return { host: 'localhost', port: this.gateway.address.port, deviceId, key }
  }

  /** One sample of the gateway's metrics, by its whole name with labels as exposed; undefined if there is none. */
  async metric(sample: string): Promise<number | undefined> {
    const { text } = await this.gateway.metrics.expose()
    const line = text.split('\n').find((each) => each.startsWith(`${sample} `))
    return line === undefined ? undefined : Number(line.slice(sample.length + 1))
  }

  /** Resolves when a sample has that value. */
  async reached(sample: string, value: number): Promise<void> {
    while ((await this.metric(sample)) !== value) await turn()
  }

  async close(): Promise<void> {
    await this.gateway.close()
    await this.hub.close?.()
    await this.emulator.close()
  }
}

/** The body of an accepted message as JSON. */
export function bodyOf(message: AcceptedMessage): Record<string, unknown> {
  return JSON.parse(Buffer.from(message.body).toString()) as Record<string, unknown>
}
