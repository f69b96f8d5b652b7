import { Processes } from './processes.ts'
import { isVerified, type Result } from './result.ts'
import { type Effort, type Row, type Scenario, Skipped } from './scenario.ts'

/** Options of {@link benchmark}. */
export interface BenchmarkOptions {
  readonly repetitions: number
  readonly effort: Effort
  /** After so long a row has failed: what it waits for will not come. */
  readonly rowTimeoutMs: number
  /** Where the measured processes write CPU profiles; absent: they write none, and are not slowed by it. */
  readonly profileDir?: string
  /** Ends the row that runs, its processes, and the rest. */
  readonly signal: AbortSignal
}

/**
 * Measures scenario after scenario, and in each every row once a repetition, all rows in turn, so that a slow phase of the machine hits
 * those alike that are compared; each in processes of its own, so that none profits from what another has compiled. `report` gets each result
 * as it comes.
 */
export async function benchmark(
  scenarios: readonly Scenario[],
  options: BenchmarkOptions,
  report: (result: Result) => void,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const { scenario, row, repetition } of turns(scenarios, options.repetitions)) {
    if (options.signal.aborted) break
    const { profileDir: dir } = options
    const name = `${scenario.name} ${row.name} ${repetition}`
    const processes = new Processes(dir === undefined ? undefined : { dir, name })
    const outcome = await attempt(row, processes, options)
    const result = { scenario: scenario.name, row: row.name, repetition, ...outcome }
    results.push(result)
    report(result)
  }
  return results
}

interface Turn {
  readonly scenario: Scenario
  readonly row: Row
  readonly repetition: number
}

function turns(scenarios: readonly Scenario[], repetitions: number): Turn[] {
  const each = Array.from({ length: repetitions }, (_, index) => index + 1)
  return scenarios.flatMap((scenario) =>
    each.flatMap((repetition) => scenario.rows.map((row) => ({ scenario, row, repetition }))),
  )
}

async function attempt(row: Row, processes: Processes, options: BenchmarkOptions): Promise<Omit<Result, keyof Turn>> {
  const ended = new AbortController()
  try {
    const measured = await Promise.race([
      row.measure(processes, options.effort),
      deadline(row.timeoutMs ?? options.rowTimeoutMs, options.signal, ended.signal),
    ])
    return { ...measured, verified: isVerified(measured) }
  } catch (thrown) {
    if (thrown instanceof Skipped)
      return { figures: {}, sent: 0, received: 0, verified: false, skipped: thrown.message }
    const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    return { figures: {}, sent: 0, received: 0, verified: false, error }
  } finally {
    ended.abort()
    await processes.end()
  }
}

/** Rejects when the row has taken too long, or all shall end; holds nothing once the row has ended. */
function deadline(rowTimeoutMs: number, signal: AbortSignal, ended: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the row took longer than ${rowTimeoutMs} ms`)), rowTimeoutMs)
    ended.addEventListener('abort', () => clearTimeout(timer))
    signal.addEventListener('abort', () => reject(signal.reason), { signal: ended })
  })
}
