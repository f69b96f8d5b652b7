import type { Fault } from '../../src/emulator/index.ts'
import { seeded } from '../../src/testing/cuts.ts'

/** What fails on the network between the devices of a schedule and the gateway. */
export type NetworkFault = 'cut' | 'reset' | 'resetMidFrame' | 'stallUp' | 'stallDown' | 'split' | 'vanish'

/** What happens to the gateway's process. */
export type ProcessFault = 'kill' | 'pause'

/** One thing that goes wrong, in milliseconds since the schedule began. What lasts is healed when its time is over. */
export type Incident =
  | {
      readonly at: number
      readonly kind: 'network'
      readonly fault: NetworkFault
      readonly device: number
      readonly forMs: number
    }
  | {
      readonly at: number
      readonly kind: 'hub'
      readonly fault: Omit<Fault, 'device'>
      readonly device: number
      readonly forMs: number
    }
  | { readonly at: number; readonly kind: 'process'; readonly fault: ProcessFault; readonly forMs: number }
  | {
      readonly at: number
      readonly kind: 'command'
      readonly device: number
      readonly ttlMs: number
      readonly answer: CommandAnswer
    }

/** What a device makes of a command. */
export type CommandAnswer = 'complete' | 'reject' | 'abandon' | 'ignore' | 'twice'

/** What one schedule does, wholly decided by its seed. */
export interface Schedule {
  readonly seed: number
  readonly devices: number
  /** Readings that a device leaves unacknowledged at most. */
  readonly window: number
  /** Readings that a device writes at once, every 20 ms. */
  readonly burst: number
  /** How long devices send new readings, and things go wrong. */
  readonly lengthMs: number
  /** In the order of their times. */
  readonly incidents: readonly Incident[]
}

/** How much a schedule shall be. */
export interface ScheduleSize {
  readonly lengthMs: number
  readonly devices: number
  /** Chance of a kill or a pause of the gateway: it hits every schedule that shares it. */
  readonly processFaults: number
}

const networkFaults: readonly NetworkFault[] = [
  'cut',
  'reset',
  'resetMidFrame',
  'stallUp',
  'stallDown',
  'split',
  'vanish',
]
const answers: readonly CommandAnswer[] = ['complete', 'complete', 'reject', 'abandon', 'ignore', 'twice']

/** Makes a schedule of a seed: the same for the same. */
export function scheduleOf(seed: number, size: ScheduleSize): Schedule {
  const random = seeded(seed)
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const pick = <T>(values: readonly T[]): T => values[between(0, values.length - 1)] as T
  const { devices, lengthMs } = size
  const anywhen = () => between(0, Math.round(lengthMs * 0.9))
  const lasting = () => between(20, Math.round(lengthMs / 3))
  const device = () => between(0, devices - 1)
  const network = Array.from({ length: between(1, 2 * devices) }, (): Incident => {
    return { at: anywhen(), kind: 'network', fault: pick(networkFaults), device: device(), forMs: lasting() }
  })
  const hub = Array.from({ length: between(1, devices) }, (): Incident => {
    const fault = pick<() => Omit<Fault, 'device'>>([
      () => ({ operation: 'send', latencyMs: between(20, 300) }),
      () => ({ operation: 'send', hang: true }),
      () => ({ operation: 'all', hang: true }),
      () => ({ operation: 'send', reset: 'before', probability: 0.5, seed: between(1, 1e6) }),
      () => ({ operation: 'send', reset: 'after', probability: 0.5, seed: between(1, 1e6) }),
      () => ({ operation: 'all', status: pick([429, 500, 503]), probability: 0.7, seed: between(1, 1e6) }),
      () => ({ operation: 'send', throttle: { perSecond: between(2, 20), burst: 1 } }),
      () => ({ operation: 'settle', expireLocks: true }),
      () => ({ operation: 'settle', reset: 'after', probability: 0.5, seed: between(1, 1e6) }),
      () => ({ operation: 'receive', latencyMs: between(50, 600) }),
    ])()
    return { at: anywhen(), kind: 'hub', fault, device: device(), forMs: lasting() }
  })
  const commands = Array.from({ length: between(1, 3 * devices) }, (): Incident => {
    return { at: anywhen(), kind: 'command', device: device(), ttlMs: between(50, lengthMs), answer: pick(answers) }
  })
  const onProcess: Incident[] =
    random() < size.processFaults
      ? [{ at: anywhen(), kind: 'process', fault: random() < 0.8 ? 'kill' : 'pause', forMs: between(50, 600) }]
      : []
  return {
    seed,
    devices,
    window: between(1, 200),
    burst: between(1, 10),
    lengthMs,
    incidents: [...network, ...hub, ...commands, ...onProcess].sort((one, other) => one.at - other.at),
  }
}
