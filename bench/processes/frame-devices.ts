import { FrameDevice, frameBlock } from '../parts/frame-device.ts'
import { answer } from './answer.ts'
import type { Sent } from './generator.ts'

/** Which devices of binary frames are played. */
export interface FrameFleet {
  readonly port: number
  readonly seed: number
  readonly devices: number
  /** Of a reading, as on the wire. */
  readonly frameBytes: number
  /** Sending waits until every reading is acknowledged; without it nothing is expected. */
  readonly acknowledged: boolean
}

const connectingAtOnce = 100

const devices: FrameDevice[] = []
let acknowledged = false

const frameDevices = {
  /** Resolves when all devices are known. */
  async open(fleet: FrameFleet): Promise<void> {
    acknowledged = fleet.acknowledged
    const block = frameBlock(fleet.seed, fleet.frameBytes)
    while (devices.length < fleet.devices) {
      const count = Math.min(connectingAtOnce, fleet.devices - devices.length)
      const greetings = Array.from({ length: count }, () => {
        const device = new FrameDevice(fleet.port, block)
        devices.push(device)
        return device.greet(`d${devices.length}`)
      })
      await Promise.all(greetings)
    }
  },

  /** Sends as fast as the server reads, from all devices alike. */
  async send(readings: number): Promise<Sent> {
    const before = countAcknowledged()
    const each = readings / devices.length
    if (!Number.isInteger(each)) throw new Error(`${readings} readings cannot be shared by ${devices.length} devices`)
    await Promise.all(devices.map((device) => device.write(each)))
    if (acknowledged) await Promise.all(devices.map((device) => device.answered()))
    return { sent: readings, acknowledged: countAcknowledged() - before }
  },

  /** Finishes sending; resolves when the server has closed every connection. */
  async close(): Promise<void> {
    await Promise.all(devices.map((device) => device.close()))
  },
}

/** What the frame devices process answers. */
export type FrameDevices = typeof frameDevices

function countAcknowledged(): number {
  return devices.reduce((sum, device) => sum + device.acknowledged, 0)
}

answer(frameDevices)
