import type { Identity } from '../../src/core/items.ts'
import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { type HubMeter, unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { type AcceptedMessage, type Emulator, startEmulator } from '../../src/emulator/index.ts'
import { type AzureHttpOptions, azureHttp } from '../../src/hub/azure-http.ts'
import type { Hub, HubSession } from '../../src/hub/port.ts'

/** An emulator with the hubs and sessions that tests open on it; polls are as quick as can be unless a test says otherwise. */
export class Rig {
  readonly emulator: Emulator
  /** What the emulator accepted since the last reset, in order. */
  readonly accepted: AcceptedMessage[] = []
  readonly #hubs: Hub[] = []
  readonly #sessions: HubSession[] = []

  private constructor(emulator: Emulator) {
    this.emulator = emulator
    emulator.hub.subscribe((message) => this.accepted.push(message))
  }

  static async start(...deviceIds: string[]): Promise<Rig> {
    return new Rig(await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) }))
  }

  hub(options: AzureHttpOptions = {}, connectionString = `HostName=${this.emulator.hostName}`): Hub {
    const quick = { ca: this.emulator.ca, pollIntervalMs: 1, pollsPerSecond: 1000 }
    const hub = azureHttp(connectionString, { ...quick, ...options })
    this.#hubs.push(hub)
    return hub
  }

  async open(device: Identity, hub: Hub = this.hub(), meter: HubMeter = unmeteredHub): Promise<HubSession> {
    const session = await hub.open(device, { signal: new AbortController().signal, meter })
    this.#sessions.push(session)
    return session
  }

  keyOf(deviceId: string): string {
    return this.emulator.hub.requireDevice(deviceId).authentication.symmetricKey.primaryKey
  }

  identity(deviceId: string, key = this.keyOf(deviceId)): Identity {
    return { deviceId, credentials: { type: 'key', key: new Secret(key) } }
  }

  /** Closes what tests opened and forgets what they did to the emulator. */
  async reset(): Promise<void> {
    this.emulator.hub.faults.clear()
    for (const session of this.#sessions.splice(0)) await session.close()
    for (const hub of this.#hubs.splice(0)) await hub.close?.()
    for (const { deviceId } of this.emulator.hub.listDevices()) this.emulator.hub.queue(deviceId).purge()
    this.accepted.length = 0
  }

  async stop(): Promise<void> {
    await this.reset()
    await this.emulator.close()
  }
}

/** A telemetry item with a text for its body. */
export function reading(body: string, options: Parameters<typeof telemetry>[1] = {}): Telemetry {
  return telemetry(Buffer.from(body), options)
}

/** The body of a message as text. */
export function text(message: { readonly body: Uint8Array }): string {
  return Buffer.from(message.body).toString()
}
