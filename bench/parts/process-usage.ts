import { readFileSync, writeFileSync } from 'node:fs'

/** What the kernel says of a process that may be no Node process. */
export interface ProcessUsage {
  /** User and system time of all its threads so far, in steps of 10 ms. */
  readonly cpuUs: number
  /** The most memory that it had since {@link resetPeakMemory}, or ever. */
  readonly maxRssKiB: number
}

/** The kernel tells times in hundredths of a second, whatever its own tick is. */
const usPerTick = 10_000

/** Numbers of fields of `/proc/PID/stat` behind the name, the state being 0. */
const userTimeField = 11
const systemTimeField = 12

/** Reads it from `/proc`, so on Linux only. Throws `ENOENT` when there is no such process. */
export function processUsage(pid: number): ProcessUsage {
  return {
    cpuUs: cpuUsOf(readFileSync(`/proc/${pid}/stat`, 'latin1')),
    maxRssKiB: peakMemoryKiB(pid),
  }
}

/** User and system time in a `/proc/PID/stat`. The name in parentheses may itself hold blanks and parentheses. */
export function cpuUsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[userTimeField]) + Number(fields[systemTimeField])) * usPerTick
}

/**
 * The most resident memory of a process since {@link resetPeakMemory}, or ever. Not `resourceUsage().maxRSS`, which begins with what the process
 * that started it had: 300 MiB in the runner would be 300 MiB in every row. Throws `ENOENT` when there is no such process, or no `/proc`.
 */
export function peakMemoryKiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
}

/** What a system says that does not let one do it, or has no `/proc`. */
const refusals: readonly unknown[] = ['ENOENT', 'EACCES', 'EPERM', 'EROFS']

/** Counts the peak memory of a process anew from what it has now. False where the system refuses: then it stays the most that it ever had. */
export function resetPeakMemory(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch (error) {
    if (refusals.includes((error as NodeJS.ErrnoException).code)) return false
    throw error
  }
}
