import { type IntervalHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { peakMemoryKiB, resetPeakMemory } from './process-usage.ts'

/** What a process has used between two moments. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuUs: number
  readonly wallMs: number
  /** Time in which its main thread collected garbage. */
  readonly gcMs: number
  /** How much later than it should a timer of 10 ms came, of 100 the second worst. */
  readonly loopLagP99Ms: number
  /** The most memory that it had in between; that it ever had where the system does not count anew. */
  readonly maxRssKiB: number
}

/** How often the loop's lag is looked at. */
const lagResolutionMs = 10

/** Measures this process from `start` to `stop`. */
export class UsageClock {
  #cpu = process.cpuUsage()
  #startedAt = performance.now()
  #gcMs = 0
  #collections: PerformanceObserver | undefined
  #lag: IntervalHistogram | undefined

  start(): void {
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs += duration
    })
    this.#collections.observe({ entryTypes: ['gc'] })
    this.#gcMs = 0
    this.#lag = monitorEventLoopDelay({ resolution: lagResolutionMs })
    this.#lag.enable()
    resetPeakMemory(process.pid)
    this.#cpu = process.cpuUsage()
    this.#startedAt = performance.now()
  }

  stop(): Usage {
    const wallMs = performance.now() - this.#startedAt
    const { user, system } = process.cpuUsage(this.#cpu)
    for (const { duration } of this.#collections?.takeRecords() ?? []) this.#gcMs += duration
    this.#collections?.disconnect()
    this.#lag?.disable()
    const lateMs = (this.#lag?.percentile(99) ?? 0) / 1e6 - lagResolutionMs
    const loopLagP99Ms = Math.max(0, lateMs)
    return { cpuUs: user + system, wallMs, gcMs: this.#gcMs, loopLagP99Ms, maxRssKiB: ownPeakKiB() }
  }
}

function ownPeakKiB(): number {
  return process.platform === 'linux' ? peakMemoryKiB(process.pid) : process.resourceUsage().maxRSS
}

/** The figures of work that is told in messages. */
export interface MessageFigures extends Readonly<Record<string, number>> {
  readonly cpuUsPerMessage: number
  readonly messagesPerSecond: number
  readonly gcPercent: number
  readonly loopLagP99Ms: number
  readonly maxRssMiB: number
}

/** What a message cost, how many came through, and what that did to the process. */
export function messageFigures(usage: Usage, messages: number): MessageFigures {
  const { cpuUs, wallMs, gcMs, loopLagP99Ms, maxRssKiB } = usage
  return {
    cpuUsPerMessage: cpuUs / messages,
    messagesPerSecond: (messages / wallMs) * 1000,
    gcPercent: (gcMs / wallMs) * 100,
    loopLagP99Ms,
    maxRssMiB: maxRssKiB / 1024,
  }
}
