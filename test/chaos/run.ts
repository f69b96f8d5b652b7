/**
 * `npm run chaos`: plays schedules against a gateway in a process of its own and ends with one line of JSON. Exit code 1 where anything was lost,
 * reordered, late, crossed or unconfirmed, or a schedule failed otherwise; `--only SEED` plays one of them again. A third has no spool, a third has one,
 * a third has one on a disk that fails, unless `--no-spool`, `--spool` or `--store-faults` says so for all. `--workers N` serves in so many processes.
 */
import { parseArgs } from 'node:util'
import type { ConservationVerdict } from '../../src/testing/conservation.ts'
import { type Schedule, scheduleOf } from '../../src/testing/schedule.ts'
import { processTrial } from './process-trial.ts'

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    parallel: { type: 'string', default: '2' },
    mutant: { type: 'string' },
    spool: { type: 'boolean', default: false },
    'store-faults': { type: 'boolean', default: false },
    'no-spool': { type: 'boolean', default: false },
    workers: { type: 'string' },
    'deadline-ms': { type: 'string', default: '30000' },
    show: { type: 'boolean', default: false },
  },
})

function whole(name: string, text: string, min: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= min) return value
  process.stderr.write(`chaos: --${name} must be a whole number from ${min}, not ${text}\n`)
  process.exit(2)
}

const first = whole('seed', values.only ?? values.seed, 0)
const count = values.only === undefined ? whole('schedules', values.schedules, 1) : 1
const parallel = whole('parallel', values.parallel, 1)
const workers = values.workers === undefined ? undefined : whole('workers', values.workers, 1)
const deadlineMs = whole('deadline-ms', values['deadline-ms'], 1)

type Store = 'no-spool' | 'spool' | 'store-faults'
const stores: readonly Store[] = ['no-spool', 'spool', 'store-faults']

/** By its seed every third schedule has no spool, every third a sound one, every third one on a disk that fails; a flag is for all. */
function storeFor(seed: number): Store {
  return stores.find((store) => values[store]) ?? (stores[seed % stores.length] as Store)
}

const counted = ['sent', 'acked', 'lost', 'duplicated', 'reordered', 'lateCommands', 'crossed'] as const
const more = [
  'unconfirmedCommands',
  'early',
  'strange',
  'overtaken',
  'nackedButPresent',
  'commands',
  'commandsDelivered',
  'commandsCompleted',
] as const
const sums: Record<string, number> = { schedules: 0 }
for (const name of [...counted, ...more]) sums[name] = 0
let failed = 0

function scheduled(seed: number): Schedule {
  return scheduleOf(seed, { maxHubFaults: 6, maxGatewayHarms: 2, maxReadings: 150 })
}

function tell(
  schedule: Schedule,
  verdict: ConservationVerdict | undefined,
  faults: readonly string[],
  tookMs: number,
): void {
  const { seed, devices, readings, window, steps } = schedule
  const isSound = verdict?.holds === true && faults.length === 0
  const kills = steps.filter((step) => 'harm' in step && step.harm.to === 'gateway').length
  const load = `${devices} devices × ${readings} readings, window ${window}, ${steps.length} steps, ${kills} on the process`
  const seen = `${verdict?.acked ?? 0} acked, ${verdict?.duplicated ?? 0} duplicated`
  process.stdout.write(
    `${isSound ? 'ok' : 'FAILED'} seed ${seed}, ${storeFor(seed)}: ${load}; ${seen}; ${Math.round(tookMs)} ms\n`,
  )
  if (isSound) return
  failed++
  for (const text of [...faults, ...(verdict?.details ?? [])]) process.stdout.write(`  ${text}\n`)
  process.stdout.write(
    `  again: npm run chaos -- --only ${seed} --${storeFor(seed)}${workers === undefined ? '' : ` --workers ${workers}`}\n  schedule: ${JSON.stringify(schedule)}\n`,
  )
}

async function play(seed: number): Promise<void> {
  const schedule = scheduled(seed)
  if (values.show) process.stdout.write(`${JSON.stringify(schedule, undefined, 2)}\n`)
  const startedAt = performance.now()
  let verdict: ConservationVerdict | undefined
  let faults: readonly string[]
  try {
    const mutant = values.mutant
    ;({ verdict, faults } = await processTrial(schedule, {
      deadlineMs,
      spool: storeFor(seed) !== 'no-spool',
      storeFaults: storeFor(seed) === 'store-faults',
      ...(mutant !== undefined && { mutant }),
      ...(workers !== undefined && { workers }),
    }))
  } catch (thrown) {
    faults = [`the schedule failed: ${thrown instanceof Error ? thrown.stack : thrown}`]
  }
  for (const name of [...counted, ...more]) sums[name] = (sums[name] ?? 0) + (verdict?.[name] ?? 0)
  sums.schedules = (sums.schedules ?? 0) + 1
  tell(schedule, verdict, faults, performance.now() - startedAt)
}

let next = first
const players = Array.from({ length: Math.min(parallel, count) }, async () => {
  while (next < first + count) await play(next++)
})
await Promise.all(players)
process.stdout.write(`${JSON.stringify({ ...sums, failed, seed: first })}\n`)
process.exitCode = failed === 0 ? 0 : 1

/** A run that leaves something behind says what, rather than standing still. */
setTimeout(() => {
  process.stderr.write(`left behind: ${process.getActiveResourcesInfo().join(', ')}\n`)
  process.exit(1)
}, 10_000).unref()
