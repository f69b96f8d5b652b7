import { cpus, loadavg } from 'node:os'

/** What results were made with. */
export interface Circumstances {
  readonly startedAt: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** Before the first row: above 0, others were at work. */
  readonly loadAverage: number
  readonly seed: number
  readonly repetitions: number
  readonly quick: boolean
}

/** Looks at the machine; call it before the first row. */
export function circumstances(seed: number, repetitions: number, quick: boolean): Circumstances {
  const machine = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, loadAverage: loadavg()[0] ?? 0 }
  return { startedAt: new Date().toISOString(), node: process.version, ...machine, seed, repetitions, quick }
}

/** The same in two lines: the machine, and the run. */
export function circumstancesText(made: Circumstances): string {
  const machine = `Node ${made.node}, ${made.cores} x ${made.cpu}, load ${made.loadAverage.toFixed(2)} before the start`
  const repetitions = made.repetitions === 1 ? 'once' : `${made.repetitions} repetitions`
  return `${machine}\n${made.startedAt}, seed ${made.seed}, ${repetitions}${made.quick ? ', quick' : ''}`
}
