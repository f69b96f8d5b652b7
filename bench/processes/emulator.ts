import { startEmulator } from '../../src/emulator/index.ts'
import type { DeviceClaim } from '../parts/device.ts'
import { answer } from './answer.ts'

/** Where the emulator is, and its devices with their keys. */
export interface HubPlace {
  readonly connectionString: string
  readonly ca: string
  readonly claims: readonly DeviceClaim[]
}

/** What the hub has, and what that has cost it so far. */
export interface HubCount {
  readonly messages: number
  readonly cpuUs: number
}

let messages = 0

const emulator = {
  /** Starts a hub with so many devices. */
  async listen(devices: number): Promise<HubPlace> {
    const deviceIds = Array.from({ length: devices }, (_, index) => `d${index + 1}`)
    const { hostName, ca, hub } = await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) })
    hub.subscribe(() => {
      messages++
    })
    const claims = deviceIds.map((deviceId) => ({
      deviceId,
      key: hub.requireDevice(deviceId).authentication.symmetricKey.primaryKey,
    }))
    return { connectionString: `HostName=${hostName}`, ca, claims }
  },

  count(): HubCount {
    const { user, system } = process.cpuUsage()
    return { messages, cpuUs: user + system }
  },
}

/** What the emulator process answers. */
export type EmulatorProcess = typeof emulator

answer(emulator)
