/**
 * `npm run chaos -- --schedules 40 --seed 1`: seeded schedules of hub faults, network faults and kills under load, half of them with a spool.
 * Ends with one JSON line; exits 1 if anything was lost, reordered, late, crossed or completed by nobody.
 */
import { Command, InvalidArgumentError } from 'commander'
import { isConserved } from '../../src/testing/conservation.ts'
import { runGroup, type ScheduleOutcome } from './group.ts'
import type { Mutation } from './mutants.ts'
import { type Schedule, scheduleOf } from './schedule.ts'

interface Flags {
  readonly schedules: number
  readonly seed: number
  readonly only?: number
  readonly seconds: number
  readonly together: number
  readonly spool?: boolean
  readonly mutation?: Mutation
}

const usageExitCode = 2
const patienceMs = 30_000

function whole(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

const program = new Command('chaos')
  .description(
    'Breaks hub, network and process under load, and counts what was lost. The last line is JSON; exit code 1 if anything was.',
  )
  .option('--schedules <n>', 'how many', whole, 40)
  .option('--seed <n>', 'of the first; the others follow', whole, 1)
  .option('--only <seed>', 'that schedule alone, to see it again', whole)
  .option('--seconds <n>', 'how long things go wrong in each', whole, 4)
  .option('--together <n>', 'schedules that share a gateway process', whole, 5)
  .option('--spool', 'all with a spool; --no-spool: none; default: every other group')
  .option('--no-spool')
  .option(
    '--mutation <name>',
    'a gateway broken on purpose: acknowledgeAtRead, completeAtDelivery, lateCommands, acknowledgeBeforeDurable',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : usageExitCode))

async function main(flags: Flags): Promise<void> {
  const size = { lengthMs: flags.seconds * 1000, devices: 3, processFaults: 0.5 }
  const seeds =
    flags.only === undefined ? Array.from({ length: flags.schedules }, (_, index) => flags.seed + index) : [flags.only]
  const schedules = seeds.map((seed) => scheduleOf(seed, size))
  const outcomes: ScheduleOutcome[] = []
  for (let from = 0; from < schedules.length; from += flags.together) {
    const group = schedules.slice(from, from + flags.together)
    const index = from / flags.together
    const spool = flags.spool ?? index % 2 === 1
    const { mutation } = flags
    const how = { spool, policy: index % 4 < 2, patienceMs, ...(mutation !== undefined && { mutation }) }
    const done = await runGroup(group, how)
    outcomes.push(...done)
    for (const outcome of done) tell(outcome, spool)
  }
  const report = sum(outcomes)
  process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exitCode = outcomes.every(({ verdict, faults }) => isConserved(verdict) && faults.length === 0) ? 0 : 1
}

function tell({ schedule, verdict, faults }: ScheduleOutcome, spool: boolean): void {
  const { sent, acked, duplicated, commands } = verdict
  const well = isConserved(verdict) && faults.length === 0
  const words = `${sent} sent, ${acked} acknowledged, ${duplicated} repeated, ${commands} commands`
  process.stderr.write(
    `schedule ${schedule.seed}${spool ? ', spool' : ''}: ${words}: ${well ? 'conserved' : 'NOT conserved'}\n`,
  )
  if (well) return
  for (const fault of [...verdict.offences, ...faults]) process.stderr.write(`  ${fault}\n`)
  process.stderr.write(`  again: npm run chaos -- --only ${schedule.seed}${spool ? ' --spool' : ' --no-spool'}\n`)
  process.stderr.write(`  ${describe(schedule)}\n`)
}

function describe(schedule: Schedule): string {
  return JSON.stringify(schedule)
}

function sum(outcomes: readonly ScheduleOutcome[]): Readonly<Record<string, number>> {
  const report = {
    schedules: outcomes.length,
    sent: 0,
    acked: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    lateCommands: 0,
    crossed: 0,
    unconfirmedCommands: 0,
    nackedButPresent: 0,
    commands: 0,
    kills: 0,
    faults: 0,
  }
  for (const { verdict, faults, schedule } of outcomes) {
    for (const name of ['sent', 'acked', 'lost', 'duplicated', 'reordered', 'lateCommands', 'crossed'] as const) {
      report[name] += verdict[name]
    }
    report.unconfirmedCommands += verdict.unconfirmedCommands
    report.nackedButPresent += verdict.nackedButPresent
    report.commands += verdict.commands
    report.kills += schedule.incidents.filter((each) => each.kind === 'process' && each.fault === 'kill').length
    report.faults += faults.length
  }
  return report
}

await main(program.parse().opts<Flags>())
