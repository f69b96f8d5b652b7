import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { SimulatedDevice, type SimulatedDeviceOptions } from './simulated-device.ts'

/** Options of {@link Fleet}. */
export interface FleetOptions {
  readonly devices: readonly SimulatedDeviceOptions[]
  /** Readings a second, of each device. */
  readonly rate: number
  /** Readings of each device; then it ends. Default: until {@link Fleet.stop}. */
  readonly count?: number
}

/** What a fleet has seen so far. Latency from a reading's write to its acknowledgement. */
export interface FleetReport {
  readonly devices: number
  readonly sent: number
  readonly acked: number
  readonly nacked: number
  readonly lost: number
  readonly commands: number
  readonly protocolErrors: number
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Many simulated devices that report at a rate, each temperature a step from its last. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #devices: SimulatedDevice[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #latency: RecordableHistogram = createHistogram()
  readonly #pending = new Set<Promise<void>>()
  #counts = { sent: 0, acked: 0, nacked: 0, lost: 0, commands: 0 }
  #done: (() => void) | undefined

  constructor(options: FleetOptions) {
    this.#options = options
    this.#devices = options.devices.map((device) => new SimulatedDevice(device))
  }

  /** Connects all devices and starts to report. Rejects if one of them is refused. */
  async start(): Promise<void> {
    for (const device of this.#devices) {
      device.on('command', () => {
        this.#counts.commands++
      })
    }
    try {
      await Promise.all(this.#devices.map((device) => device.connect()))
    } catch (error) {
      this.#abandon()
      throw error
    }
    this.#devices.forEach((device, index) => {
      this.#report(device, index)
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
    if (this.#timers.length > 0) await new Promise<void>((resolve) => (this.#done = resolve))
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
    const protocolErrors = this.#devices.reduce((sum, device) => sum + device.protocolErrors, 0)
    return { devices: this.#devices.length, ...this.#counts, protocolErrors, latencyMs }
  }

  #report(device: SimulatedDevice, index: number): void {
    const periodMs = 1000 / this.#options.rate
    let temperature = 20 + (index % 10)
    let left = this.#options.count ?? Number.POSITIVE_INFINITY
    const tick = () => {
      temperature = Math.round((temperature + Math.random() - 0.5) * 100) / 100
      this.#send(device, { temperature, at: new Date().toISOString() })
      left--
      if (left > 0) return
      clearInterval(timer)
      this.#timers.splice(this.#timers.indexOf(timer), 1)
      if (this.#timers.length === 0) this.#done?.()
    }
    const timer = setInterval(tick, periodMs)
    this.#timers.push(timer)
    tick()
  }

  #send(device: SimulatedDevice, reading: object): void {
    const startedAt = process.hrtime.bigint()
    this.#counts.sent++
    const pending = device.send(reading).then((acknowledgement) => {
      this.#counts[acknowledgement]++
      if (acknowledgement === 'acked') this.#latency.record(process.hrtime.bigint() - startedAt)
      this.#pending.delete(pending)
    })
    this.#pending.add(pending)
  }
}
