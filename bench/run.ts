import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { benchmark } from './benchmark.ts'
import { writeBenchmarksPage } from './benchmarks-page.ts'
import { circumstances } from './circumstances.ts'
import { compare, type Difference, differenceLine, overall } from './compare.ts'
import { ratioLine, ratiosOf } from './ratios.ts'
import { reportText } from './report.ts'
import { exitCodeFor, resultLine } from './result.ts'
import { latestResults, readRun, type SavedRun, saveRun } from './saved-run.ts'
import type { Scenario } from './scenario.ts'
import { comparatorsScenario } from './scenarios/comparators.ts'
import { decodeScenario } from './scenarios/decode.ts'
import { downScenario } from './scenarios/down.ts'
import { endToEndScenario } from './scenarios/end-to-end.ts'
import { framesScenario } from './scenarios/frames.ts'
import { framingScenario } from './scenarios/framing.ts'
import { garbageCollectionScenario } from './scenarios/garbage-collection.ts'
import { hubOnlyScenario } from './scenarios/hub-only.ts'
import { idleConnectionsScenario } from './scenarios/idle-connections.ts'
import { inboundScenario } from './scenarios/inbound.ts'
import { outageScenario } from './scenarios/outage.ts'
import { packingScenario } from './scenarios/packing.ts'
import { slowHubScenario } from './scenarios/slow-hub.ts'
import { slowedHubScenario } from './scenarios/slowed-hub.ts'
import { stormScenario } from './scenarios/storm.ts'
import { structScenario } from './scenarios/struct.ts'
import { workersScenario } from './scenarios/workers.ts'
import { differenceTables } from './tables.ts'

interface Flags {
  readonly only: readonly Scenario[]
  readonly list: boolean
  readonly quick: boolean
  readonly repetitions?: number
  readonly seed: number
  readonly out: string
  readonly profile: boolean
  readonly messages?: number
  readonly compare?: SavedRun
  readonly from: readonly SavedRun[]
  readonly write: boolean
}

const scenarios: readonly Scenario[] = [
  framingScenario,
  structScenario,
  decodeScenario,
  inboundScenario,
  framesScenario,
  downScenario,
  hubOnlyScenario,
  endToEndScenario,
  garbageCollectionScenario,
  comparatorsScenario,
  workersScenario,
  idleConnectionsScenario,
  stormScenario,
  packingScenario,
  slowHubScenario,
  slowedHubScenario,
  outageScenario,
]
const usualRepetitions = 5
const rowTimeoutMs = 60_000

/** Wrong usage, as the headgate program has it. */
const usageExitCode = 2

/** As shells have it for a process that SIGINT ended. */
const interruptedExitCode = 130

/** All is verified, and something is worse than in the other run. */
const worseExitCode = 3

function pick(name: string, previous: readonly Scenario[]): readonly Scenario[] {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found === undefined) {
    throw new InvalidArgumentError(`It must be one of ${scenarios.map((each) => each.name).join(', ')}.`)
  }
  return [...previous, found]
}

function savedRun(path: string): SavedRun {
  try {
    return readRun(path)
  } catch (error) {
    throw new InvalidArgumentError(`It must be the latest.json of a run: ${(error as Error).message}`)
  }
}

function addRun(path: string, previous: readonly SavedRun[]): readonly SavedRun[] {
  return [...previous, savedRun(path)]
}

function whole(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

const program = new Command('bench')
  .description(
    'Measures Headgate. A JSON line a result, ratio and difference on standard output; tables on standard error and in --out.',
  )
  .option('--only <name>', 'only this scenario; may be repeated', pick, [])
  .option('--list', 'list the scenarios and their rows, measure nothing', false)
  .option('--quick', 'little work, one repetition: shows that all is well, not how fast it is', false)
  .option('--repetitions <n>', `how often each row is measured, default ${usualRepetitions}`, whole)
  .option('--seed <n>', 'decides the values that are sent', whole, 1)
  .option('--out <dir>', 'where latest.md and latest.json go', 'bench/results')
  .option('--compare <file>', 'say what differs from another run, whose latest.json it is', savedRun)
  .option('--from <file>', 'measure nothing, take what another run measured; may be repeated', addRun, [])
  .option('--write', 'also write BENCHMARKS.md, and the plots it shows to docs/plots', false)
  .option('--profile', 'write CPU profiles of the measured processes to --out', false)
  .addOption(new Option('--messages <n>', 'messages, or idle connections, of every row').argParser(whole).hideHelp())
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : usageExitCode))

async function main(flags: Flags): Promise<void> {
  const usual =
    flags.list || flags.quick || flags.from.length > 0 ? scenarios : scenarios.filter(({ onRequest }) => !onRequest)
  const chosen = flags.only.length > 0 ? flags.only : usual
  if (flags.list) {
    for (const { name, about, rows } of chosen) {
      process.stdout.write(`${name}: ${about.replace(/\s+/g, ' ')}\n${rows.map((row) => `  ${row.name}\n`).join('')}`)
    }
    return
  }
  refuseMistakes(flags)
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(new Error(signal)))
  const runs = flags.from.length > 0 ? flags.from : [await measure(chosen, flags, stopped.signal)]
  if (stopped.signal.aborted) {
    process.exitCode = interruptedExitCode
    return
  }
  const results = latestResults(runs).filter((result) => chosen.some(({ name }) => name === result.scenario))
  for (const ratio of ratiosOf(chosen, results)) process.stdout.write(`${ratioLine(ratio)}\n`)
  if (flags.write) writeBenchmarksPage('.', chosen, runs)
  const differences = flags.compare === undefined ? [] : compare(chosen, flags.compare.results, results)
  if (flags.compare !== undefined) tell(differences)
  const worse = differences.some(({ verdict }) => verdict === 'worse')
  process.exitCode = exitCodeFor(results) || (worse ? worseExitCode : 0)
}

/** Ends with wrong usage where a page would say less than it could, or runs are compared that do not do the same work. */
function refuseMistakes({ from, only, write, quick, compare: other }: Flags): void {
  const quickRuns = from.length > 0 ? from : [{ quick }]
  if (write && quickRuns.some((run) => run.quick)) {
    program.error('error: --write needs usual runs: quick ones show that all is well, not how fast it is')
  }
  if (write && only.length > 0) {
    program.error(
      'error: --write with --only would leave out the rest: measure to an --out of its own, then --write --from each latest.json',
    )
  }
  if (other !== undefined && quickRuns.some((run) => run.quick !== other.quick)) {
    program.error('error: --compare needs two quick runs, or two usual ones: they do not do the same work')
  }
}

async function measure(chosen: readonly Scenario[], flags: Flags, signal: AbortSignal): Promise<SavedRun> {
  const repetitions = flags.repetitions ?? (flags.quick ? 1 : usualRepetitions)
  const made = circumstances(flags.seed, repetitions, flags.quick)
  const effort = { quick: flags.quick, messages: flags.messages, seed: flags.seed }
  const profileDir = flags.profile ? { profileDir: resolve(flags.out) } : {}
  const options = { repetitions, effort, rowTimeoutMs, signal, ...profileDir }
  const results = await benchmark(chosen, options, (result) => process.stdout.write(`${resultLine(result)}\n`))
  const run = { ...made, results }
  if (signal.aborted) return run
  const text = reportText(chosen, run)
  saveRun(flags.out, text, run)
  process.stderr.write(`\n${text}`)
  return run
}

/** Every row and figure on standard output, the overall verdict last; what differs on standard error too. */
function tell(differences: readonly Difference[]): void {
  const verdict = overall(differences)
  for (const difference of differences) process.stdout.write(`${differenceLine(difference)}\n`)
  process.stdout.write(`${JSON.stringify({ compared: differences.length, verdict })}\n`)
  process.stderr.write(`\n${[`## Compared: ${verdict}`, ...differenceTables(differences)].join('\n\n')}\n`)
}

await main(program.parse().opts<Flags>())
