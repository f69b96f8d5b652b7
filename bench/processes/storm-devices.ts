import { Device, type DeviceClaim } from '../parts/device.ts'
import { lineBlock, lineBytes } from '../parts/lines.ts'
import { answer } from './answer.ts'

/** Who comes back, and where. */
export interface StormFleet {
  readonly port: number
  readonly seed: number
  readonly claims: readonly DeviceClaim[]
}

/** How it went. */
export interface Stormed {
  /** From the first connect to the last acknowledgement. */
  readonly ms: number
  readonly acknowledged: number
  /** A second and more says that the kernel has dropped a SYN, and tried again. */
  readonly slowestConnectMs: number
}

/**
 * Devices that have begun to connect and are not welcome yet: as many as wait in the listener's queue of 2,000 at worst. libuv takes one connection
 * from it at each turn of the loop, so in a storm it does fill; a SYN too many is dropped and sent again after 1, 3 and 7 seconds, and that
 * would be what is measured.
 */
const unansweredAtOnce = 1900

let devices: Device[] = []

const stormDevices = {
  /** All devices connect, as fast as the kernel takes it, say hello and send a reading each; resolves when all of those are acknowledged. */
  async strike({ port, seed, claims }: StormFleet): Promise<Stormed> {
    const load = { block: lineBlock(seed, true), numbered: true, lineBytes }
    const readings: Promise<void>[] = []
    const connectsMs: number[] = []
    let next = 0
    const bringOthers = async () => {
      for (let claim = claims[next++]; claim !== undefined; claim = claims[next++]) {
        const device = new Device(port, load)
        devices.push(device)
        const connectingAt = performance.now()
        await device.connected()
        connectsMs.push(performance.now() - connectingAt)
        await device.greet(claim)
        readings.push(sendOne(device))
      }
    }
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: unansweredAtOnce }, bringOthers))
    await Promise.all(readings)
    const ms = performance.now() - startedAt
    const acknowledged = devices.reduce((sum, device) => sum + device.acknowledged, 0)
    return { ms, acknowledged, slowestConnectMs: Math.max(...connectsMs) }
  },

  /** All of them leave; resolves when the gateway has closed every connection. */
  async leave(): Promise<void> {
    await Promise.all(devices.map((device) => device.close()))
    devices = []
  },
}

/** What the storm devices process answers. */
export type StormDevices = typeof stormDevices

async function sendOne(device: Device): Promise<void> {
  await device.write(1)
  await device.answered()
}

answer(stormDevices)
