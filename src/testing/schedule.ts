import type { Fault } from '../emulator/index.ts'
import { seeded } from './cuts.ts'
import { type HubFaultOptions, hubFault } from './hub-faults.ts'
import type { LinkDirection, LinkFault } from './link-fault.ts'
import { wholeInRange } from './option-range.ts'

/** Something that goes wrong, and where. */
export type Harm =
  /** On the link of one device, counted from 0. */
  | { readonly to: 'link'; readonly device: number; readonly fault: LinkFault }
  | { readonly to: 'hub'; readonly fault: Fault }
  /** `kill` is SIGKILL and a new process, `restart` SIGTERM and a new process, `freeze` SIGSTOP and SIGCONT. */
  | { readonly to: 'gateway'; readonly act: 'kill' | 'restart' | 'freeze' }

/** A step of a schedule: done when so many readings, over all devices, are acknowledged. */
export type Step =
  | { readonly afterAcked: number; readonly harm: Harm; readonly forMs: number }
  | { readonly afterAcked: number; readonly command: ScheduledCommand }

/** A command to queue at the hub. */
export interface ScheduledCommand {
  readonly id: string
  /** Counted from 0. */
  readonly device: number
  /** Expires so long after it is queued. */
  readonly ttlMs: number
}

/** What happens in one run; the same for the same seed and options, and plain JSON. */
export interface Schedule {
  readonly seed: number
  readonly devices: number
  /** Of each device. */
  readonly readings: number
  readonly window: number
  /** By `afterAcked`, rising. */
  readonly steps: readonly Step[]
}

/** Bounds of {@link scheduleOf}; a schedule picks from 1 (readings: half) up to these. */
export interface ScheduleOptions {
  /** 1 to 1000, default 6. */
  readonly maxDevices?: number
  /** 1 to 1000000, default 100. */
  readonly maxReadings?: number
  /** 1 to 10000, default 32. */
  readonly maxWindow?: number
  /** 0 to 1000, default 12. */
  readonly maxCommands?: number
  /** 0 to 1000, default 8. */
  readonly maxLinkFaults?: number
  /** 0 to 1000, default 0: only where the hub is an emulator. */
  readonly maxHubFaults?: number
  /** 0 to 1000, default 0: only where the gateway is a process. */
  readonly maxGatewayHarms?: number
  /** Longest harm in milliseconds, 1 to 60000, default 200. */
  readonly maxHarmMs?: number
  /** What strikes the hub. */
  readonly hubFaults?: HubFaultOptions
}

/** Makes the schedule of a seed. Throws `CONFIGURATION` where an option is out of range. */
export function scheduleOf(seed: number, options: ScheduleOptions = {}): Schedule {
  const most = inRange(options)
  const random = seeded(seed)
  const upTo = (max: number) => 1 + Math.floor(random() * max)
  const devices = upTo(most.maxDevices)
  const readings = Math.ceil(most.maxReadings / 2) + Math.floor((random() * most.maxReadings) / 2)
  const window = upTo(most.maxWindow)
  const total = devices * readings
  const some = (max: number) => Math.floor(random() * (max + 1))
  const when = (part: number) => Math.floor(random() * total * part)
  const device = () => Math.floor(random() * devices)
  const steps: Step[] = []
  for (let count = some(most.maxCommands); count > 0; count--) {
    // Some expire while they lie in the queue, some on their way, most are in time.
    const ttlMs = Math.ceil(20 * 150 ** random())
    steps.push({ afterAcked: when(1), command: { id: `s${seed}-c${count}`, device: device(), ttlMs } })
  }
  const harm = (of: Harm) => steps.push({ afterAcked: when(0.9), harm: of, forMs: upTo(most.maxHarmMs) })
  for (let count = some(most.maxLinkFaults); count > 0; count--) {
    harm({ to: 'link', device: device(), fault: linkFault(random) })
  }
  for (let count = some(most.maxHubFaults); count > 0; count--) {
    harm({ to: 'hub', fault: hubFault(random, most.hubFaults) })
  }
  for (let count = some(most.maxGatewayHarms); count > 0; count--) {
    const act = (['kill', 'kill', 'restart', 'freeze'] as const)[Math.floor(random() * 4)] as 'kill'
    harm({ to: 'gateway', act })
  }
  steps.sort((a, b) => a.afterAcked - b.afterAcked)
  return { seed, devices, readings, window, steps }
}

/** A fault of a link, at random. */
export function linkFault(random: () => number): LinkFault {
  const direction: LinkDirection = random() < 0.5 ? 'up' : 'down'
  const pick = Math.floor(random() * 10)
  if (pick === 0) return { kind: 'cut' }
  if (pick === 1) return { kind: 'reset', direction }
  if (pick <= 4) return { kind: 'reset', direction, afterBytes: 1 + Math.floor(random() * 500) }
  if (pick === 5) return { kind: 'stall', direction }
  if (pick === 6) return { kind: 'split', direction }
  if (pick === 7) return { kind: 'delay', direction, delayMs: 1 + Math.floor(random() * 50) }
  if (pick === 8) return { kind: 'vanish' }
  return random() < 0.5 ? { kind: 'swallow', direction } : { kind: 'refuse' }
}

type Bounds = Required<ScheduleOptions>

function inRange(options: ScheduleOptions): Bounds {
  const check = (name: Exclude<keyof Bounds, 'hubFaults'>, fallback: number, min: number, max: number) =>
    wholeInRange('scheduleOf', name, options[name] ?? fallback, min, max)
  return {
    maxDevices: check('maxDevices', 6, 1, 1000),
    maxReadings: check('maxReadings', 100, 1, 1_000_000),
    maxWindow: check('maxWindow', 32, 1, 10_000),
    maxCommands: check('maxCommands', 12, 0, 1000),
    maxLinkFaults: check('maxLinkFaults', 8, 0, 1000),
    maxHubFaults: check('maxHubFaults', 0, 0, 1000),
    maxGatewayHarms: check('maxGatewayHarms', 0, 0, 1000),
    maxHarmMs: check('maxHarmMs', 200, 1, 60_000),
    hubFaults: options.hubFaults ?? {},
  }
}
