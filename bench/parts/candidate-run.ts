import type { EmulatorProcess, HubCount } from '../processes/emulator.ts'
import type { Generator } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import type { Candidate, CandidateProcess } from './candidates.ts'
import type { ProgramUsage } from './program.ts'

/** What became of lines that were sent. */
export interface Outcome {
  readonly usage: ProgramUsage
  /** Messages that must have arrived: one a line, or what a candidate that loses says. */
  readonly delivered: number
  /** Messages at the hub. */
  readonly received: number
  /** Those of them that are one line, whole. */
  readonly wholeLines: number
  /** Lines whose receipt came, where they ask for it. */
  readonly acknowledged: number
  readonly emulatorCpuUs: number
}

/** A candidate between its devices and the emulator. */
export class CandidateRun {
  readonly emulator: Remote<EmulatorProcess>
  readonly #gateway: Remote<CandidateProcess>
  readonly #generator: Remote<Generator>
  readonly #loses: boolean
  #written = 0

  private constructor(processes: Processes, candidate: Candidate) {
    this.emulator = processes.other('emulator')
    this.#gateway = processes.measured(candidate.process, candidate.flags)
    this.#generator = processes.other('generator')
    this.#loses = candidate.loses ?? false
  }

  /** Resolves when all connections stand. Rejects with `Skipped` where the candidate cannot run here. */
  static async open(
    processes: Processes,
    candidate: Candidate,
    connections: number,
    seed: number,
  ): Promise<CandidateRun> {
    const plan = candidate.plan()
    const run = new CandidateRun(processes, candidate)
    const place = await run.emulator.call('listen', connections, { countWholeLines: true })
    const port = await run.#gateway.call('listen', place, ...plan)
    const claims = place.claims.map((claim) => (candidate.greets ? claim : null))
    await run.#generator.call('open', { port, seed, numbered: candidate.numbered ?? false, claims })
    return run
  }

  /** Sends lines at a rate, or as fast as they are read; resolves when it is known what became of all of them. */
  async send(lines: number, linesPerSecond?: number): Promise<Outcome> {
    const before = await this.emulator.call('count')
    const deliveredBefore = await this.#delivered()
    await this.#gateway.call('start')
    const { acknowledged } = await this.#write(lines, linesPerSecond)
    const delivered = (await this.#delivered()) - deliveredBefore
    const usage = await this.#gateway.call('stop')
    return { usage, delivered, acknowledged, ...difference(before, await this.emulator.call('count')) }
  }

  #write(lines: number, linesPerSecond: number | undefined): Promise<{ acknowledged: number }> {
    this.#written += lines
    if (linesPerSecond === undefined) return this.#generator.call('send', lines)
    return this.#generator.call('sendPaced', lines, linesPerSecond)
  }

  async #delivered(): Promise<number> {
    if (this.#loses) return this.#gateway.call('delivered', this.#written)
    await this.emulator.call('reached', this.#written)
    return this.#written
  }
}

function difference(before: HubCount, after: HubCount): Pick<Outcome, 'received' | 'wholeLines' | 'emulatorCpuUs'> {
  return {
    received: after.messages - before.messages,
    wholeLines: after.wholeLines - before.wholeLines,
    emulatorCpuUs: after.cpuUs - before.cpuUs,
  }
}
