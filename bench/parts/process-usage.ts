import { readFileSync } from 'node:fs'

/** What the kernel says of a process that may be no Node process. */
export interface ProcessUsage {
  /** User and system time of all its threads so far, in steps of 10 ms. */
  readonly cpuUs: number
  /** The most memory that it ever had. */
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
    maxRssKiB: maxRssKiBOf(readFileSync(`/proc/${pid}/status`, 'latin1')),
  }
}

/** User and system time in a `/proc/PID/stat`. The name in parentheses may itself hold blanks and parentheses. */
export function cpuUsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[userTimeField]) + Number(fields[systemTimeField])) * usPerTick
}

function maxRssKiBOf(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1])
}
