import { Skipped } from '../scenario.ts'

/** Descriptors that a process has open beside its connections. */
const others = 500

/** Throws `Skipped` where the system does not let a process have so many connections; the two ends of them are a process each. */
export function assertConnectionsAllowed(connections: number): void {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { hard?: number | string } } }
  const hard = userLimits?.open_files?.hard
  // Node itself raises the soft limit to the hard one.
  if (typeof hard !== 'number' || hard >= connections + others) return
  throw new Skipped(`${connections} connections need ulimit -Hn ${connections + others}, which is ${hard}`)
}
