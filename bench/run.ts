import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { benchmark } from './benchmark.ts'
import { compare, type Difference, overall } from './compare.ts'
import { ratioLine, ratiosOf } from './ratios.ts'
import { circumstances, reportText, writeBenchmarks, writeReport } from './report.ts'
import { exitCodeFor, type Result, resultLine } from './result.ts'
import type { Scenario } from './scenario.ts'
import { comparatorsScenario } from './scenarios/comparators.ts'
import { decodeScenario } from './scenarios/decode.ts'
import { endToEndScenario } from './scenarios/end-to-end.ts'
import { framingScenario } from './scenarios/framing.ts'
import { hubSinkScenario } from './scenarios/hub-sink.ts'
import { idleConnectionsScenario } from './scenarios/idle-connections.ts'
import { inboundScenario } from './scenarios/inbound.ts'
import { outageScenario } from './scenarios/outage.ts'
import { packingScenario } from './scenarios/packing.ts'
import { slowHubScenario } from './scenarios/slow-hub.ts'
import { slowedHubScenario } from './scenarios/slowed-hub.ts'
import { structScenario } from './scenarios/struct.ts'

interface Flags {
  readonly only: readonly Scenario[]
  readonly list: boolean
  readonly quick: boolean
  readonly repetitions?: number
  readonly seed: number
  readonly out: string
  readonly profile: boolean
  readonly messages?: number
  readonly compare?: readonly Result[]
  readonly write: boolean
}

const scenarios: readonly Scenario[] = [
  framingScenario,
  structScenario,
  decodeScenario,
  inboundScenario,
  hubSinkScenario,
  endToEndScenario,
  comparatorsScenario,
  idleConnectionsScenario,
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

function pick(name: string, previous: readonly Scenario[]): readonly Scenario[] {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found === undefined) {
    throw new InvalidArgumentError(`It must be one of ${scenarios.map((each) => each.name).join(', ')}.`)
  }
  return [...previous, found]
}

function savedRun(path: string): readonly Result[] {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { results: readonly Result[] }).results
  } catch (thrown) {
    throw new InvalidArgumentError(`It must be the latest.json of another run: ${(thrown as Error).message}`)
  }
}

function whole(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

const program = new Command('bench')
  .description('Measures Headgate. One JSON line a result on standard output; a table on standard error and in --out.')
  .option('--only <name>', 'only this scenario; may be repeated', pick, [])
  .option('--list', 'list the scenarios and their rows, measure nothing', false)
  .option('--quick', 'little work, one repetition: shows that all is well, not how fast it is', false)
  .option('--repetitions <n>', `how often each row is measured, default ${usualRepetitions}`, whole)
  .option('--seed <n>', 'decides the values that are sent', whole, 1)
  .option('--out <dir>', 'where latest.md and latest.json go', 'bench/results')
  .option('--compare <file>', 'say what differs from another run, whose latest.json it is', savedRun)
  .option('--write', 'also write BENCHMARKS.md, and the charts it shows to docs/plots', false)
  .option('--profile', 'write CPU profiles of the measured processes to --out', false)
  .addOption(new Option('--messages <n>', 'messages, or idle connections, of every row').argParser(whole).hideHelp())
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : usageExitCode))

async function main(flags: Flags): Promise<void> {
  const usual = flags.list || flags.quick ? scenarios : scenarios.filter(({ onRequest }) => !onRequest)
  const chosen = flags.only.length > 0 ? flags.only : usual
  if (flags.list) {
    for (const { name, about, rows } of chosen) {
      process.stdout.write(`${name}: ${about.replace(/\s+/g, ' ')}\n${rows.map((row) => `  ${row.name}\n`).join('')}`)
    }
    return
  }
  const repetitions = flags.repetitions ?? (flags.quick ? 1 : usualRepetitions)
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(new Error(signal)))
  const made = circumstances(flags.seed, repetitions, flags.quick)
  const effort = { quick: flags.quick, messages: flags.messages, seed: flags.seed }
  const profileDir = flags.profile ? { profileDir: resolve(flags.out) } : {}
  const options = { repetitions, effort, rowTimeoutMs, signal: stopped.signal, ...profileDir }
  const results = await benchmark(chosen, options, (result) => process.stdout.write(`${resultLine(result)}\n`))
  if (stopped.signal.aborted) {
    process.exitCode = interruptedExitCode
    return
  }
  for (const ratio of ratiosOf(chosen, results)) process.stdout.write(`${ratioLine(ratio)}\n`)
  const text = reportText(chosen, results, made)
  writeReport(flags.out, text, results, made)
  if (flags.write) writeBenchmarks(chosen, results, made)
  process.stderr.write(`\n${text}`)
  if (flags.compare !== undefined) tell(compare(chosen, flags.compare, results))
  process.exitCode = exitCodeFor(results)
}

function tell(differences: readonly Difference[]): void {
  for (const difference of differences) process.stdout.write(`${JSON.stringify({ compare: difference })}\n`)
  process.stdout.write(`${JSON.stringify({ compared: differences.length, verdict: overall(differences) })}\n`)
}

await main(program.parse().opts<Flags>())
