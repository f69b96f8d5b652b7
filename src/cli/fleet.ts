import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { DeviceState } from './device-speech.ts'
import type { FleetDevice } from './fleet-device.ts'

/** Options of {@link Fleet}. */
export interface FleetOptions {
  readonly devices: readonly FleetDevice[]
  /** Readings a second, of each device. */
  readonly rate: number
  /** Readings of each device, or polls that it answers; then it ends. Default: until {@link Fleet.stop}. */
  readonly count?: number
}

/** What a fleet has seen so far. Latency from a reading's write to its acknowledgement. */
export interface FleetReport {
  readonly devices: number
  readonly sent: number
  readonly acked: number
  readonly nacked: number
  readonly lost: number
  /** Readings of protocols that answer none. */
  readonly written: number
  /** Polls that were answered, by devices that are asked. */
  readonly polled: number
  /** Readings that were sent once more. */
  readonly resent: number
  /** Messages that the readings become at the hub: a report may hold several. */
  readonly readings: number
  readonly commands: number
  readonly protocolErrors: number
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Many simulated devices that report at a rate, each position and temperature a step from its last. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #devices: readonly FleetDevice[]
  readonly #timers: NodeJS.Timeout[] = []
  /** Devices that have not sent their count. */
  #busy = 0
  readonly #latency: RecordableHistogram = createHistogram()
  readonly #pending = new Set<Promise<void>>()
  #counts = { sent: 0, acked: 0, nacked: 0, lost: 0, written: 0, polled: 0, commands: 0 }
  #done: (() => void) | undefined

  constructor(options: FleetOptions) {
    this.#options = options
    this.#devices = options.devices
  }

  /** Connects all devices and starts to report. Rejects if one of them is refused. */
  async start(): Promise<void> {
    for (const device of this.#devices) {
      device.on('command', () => {
        this.#counts.commands++
      })
      this.#countPolls(device)
    }
    try {
      await Promise.all(this.#devices.map((device) => device.connect()))
    } catch (error) {
      this.#abandon()
      throw error
    }
    this.#busy = this.#devices.length
    this.#devices.forEach((device, index) => {
      if (!device.isPolled) this.#report(device, index)
    })
  }

  /** As {@link Fleet.start}; false, with every connection cut, where `ended` resolves before all are welcome. */
  async startUnless(ended: Promise<unknown>): Promise<boolean> {
    const started = await Promise.race([this.start().then(() => true), ended.then(() => false)])
    if (!started) this.#abandon()
    return started
  }

  #abandon(): void {
    for (const device of this.#devices) device.destroy()
  }

  /** Resolves when every device has sent its count and each reading is answered. */
  async finished(): Promise<void> {
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#done = resolve))
    await Promise.all(this.#pending)
  }

  /** Stops reporting; resolves when the gateway has answered what was sent, and closed. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers.length = 0
    await Promise.all(this.#devices.map((device) => device.end()))
    await Promise.all(this.#pending)
  }

  get report(): FleetReport {
    const milliseconds = (nanoseconds: number) => Math.round(nanoseconds / 10_000) / 100
    const latencyMs =
      this.#latency.count === 0
        ? { p50: 0, p99: 0, max: 0 }
        : {
            p50: milliseconds(this.#latency.percentile(50)),
            p99: milliseconds(this.#latency.percentile(99)),
            max: milliseconds(this.#latency.max),
          }
    const sumOf = (count: 'protocolErrors' | 'resent' | 'readings') =>
      this.#devices.reduce((sum, device) => sum + device[count], 0)
    const sums = {
      resent: sumOf('resent'),
      readings: sumOf('readings'),
      protocolErrors: sumOf('protocolErrors'),
    }
    return { devices: this.#devices.length, ...this.#counts, ...sums, latencyMs }
  }

  /** Devices that are asked are done when they have answered so often. */
  #countPolls(device: FleetDevice): void {
    let left = this.#options.count ?? Number.POSITIVE_INFINITY
    device.on('polled', () => {
      this.#counts.polled++
      if (--left === 0) this.#isDone()
    })
  }

  #report(device: FleetDevice, index: number): void {
    const periodMs = 1000 / this.#options.rate
    let state = firstState(index)
    let left = this.#options.count ?? Number.POSITIVE_INFINITY
    const tick = () => {
      state = nextState(state)
      this.#send(device, state)
      left--
      if (left > 0) return
      clearInterval(timer)
      this.#timers.splice(this.#timers.indexOf(timer), 1)
      this.#isDone()
    }
    const timer = setInterval(tick, periodMs)
    this.#timers.push(timer)
    tick()
  }

  #isDone(): void {
    if (--this.#busy === 0) this.#done?.()
  }

  #send(device: FleetDevice, state: DeviceState): void {
    const startedAt = process.hrtime.bigint()
    this.#counts.sent++
    const pending = device.report(state).then((acknowledgement) => {
      this.#counts[acknowledgement]++
      if (acknowledgement === 'acked') this.#latency.record(process.hrtime.bigint() - startedAt)
      this.#pending.delete(pending)
    })
    this.#pending.add(pending)
  }
}

/** Devices start some hundred metres from one another. */
function firstState(index: number): DeviceState {
  return {
    latitude_deg: 45.06 + (index % 100) / 500,
    longitude_deg: 7.66 + Math.floor(index / 100) / 500,
    altitude_m: 240,
    speed_kmh: 36,
    course_deg: (index * 37) % 360,
    temperature_c: 20 + (index % 10),
    time: new Date(),
    sequence: 0,
  }
}

/** Ten metres on, in a direction that wanders. */
function nextState({ latitude_deg, longitude_deg, course_deg, ...state }: DeviceState): DeviceState {
  const course = (course_deg * Math.PI) / 180
  return {
    ...state,
    latitude_deg: latitude_deg + 0.00009 * Math.cos(course),
    longitude_deg: longitude_deg + 0.00013 * Math.sin(course),
    speed_kmh: 20 + Math.round(Math.random() * 40),
    course_deg: (course_deg + Math.round(Math.random() * 20) + 350) % 360,
    temperature_c: Math.round((state.temperature_c + Math.random() - 0.5) * 100) / 100,
    time: new Date(),
    sequence: state.sequence + 1,
  }
}
