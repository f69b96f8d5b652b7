import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../../core/connection.ts'
import type { WorkerPlace } from '../../core/worker-place.ts'

/** The directory of a worker's own within a spool's, since a directory belongs to one process; that of the spool itself without workers. */
export function ownDirectory(dir: string, place: WorkerPlace | undefined): string {
  return place === undefined ? dir : join(dir, `worker-${place.number}`)
}

/** Says in the log where another number of workers has left directories that none of these opens: what is in them waits for `headgate spool drain`. */
export async function tellOfOthers(dir: string, place: WorkerPlace | undefined, log: Log): Promise<void> {
  // One that is not there holds nothing.
  const names = await readdir(dir).catch((): string[] => [])
  const count = place?.count ?? 0
  const others = names.filter((name) => Number(/^worker-(\d+)$/.exec(name)?.[1] ?? 0) > count)
  const left = others.map((name) => join(dir, name))
  if (place !== undefined && names.includes('CURRENT')) left.push(dir)
  if (left.length === 0 || (place !== undefined && place.number !== 1)) return
  log.warn({ left }, 'a spool of another number of workers is not forwarded: see headgate spool show and drain')
}
