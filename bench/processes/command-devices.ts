import { CommandDevice } from '../parts/command-device.ts'
import { answer } from './answer.ts'

const connectingAtOnce = 100

const devices: CommandDevice[] = []

const commandDevices = {
  /** Connects so many devices; resolves when all are welcome. */
  async open(port: number, count: number): Promise<void> {
    while (devices.length < count) {
      const more = Array.from({ length: Math.min(connectingAtOnce, count - devices.length) }, (_, index) => {
        return new CommandDevice(port, `d${devices.length + index + 1}`)
      })
      devices.push(...more)
      await Promise.all(more.map((device) => device.greet()))
    }
  },

  /** Rejects when a device hears what it should not. */
  failed(): Promise<never> {
    return Promise.race(devices.map((device) => device.failed))
  },

  /** Commands that all of them have heard. */
  heard: (): number => devices.reduce((sum, device) => sum + device.heard, 0),
}

/** What the command devices process answers. */
export type CommandDevices = typeof commandDevices

answer(commandDevices)
