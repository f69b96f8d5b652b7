import { setTimeout as delay } from 'node:timers/promises'
import { CandidateRun } from '../parts/candidate-run.ts'
import {
  type Candidate,
  forumSnippet,
  headgate,
  honestComposition,
  nodeRedFlow,
  syslogNgDropping,
  syslogNgPassing,
} from '../parts/candidates.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario } from '../scenario.ts'

const connections = 50
const latencyMs = 50
const slowMs = 10_000
const slowMsInQuick = 1000

/** Lines that are sent before, so that all is connected and compiled. */
const warmUpLines = 1000
const warmUpPerSecond = 500

/** A hub that is slow for a while under more than it takes then. */
export const slowedHubScenario: Scenario = {
  name: 'slowed-hub',
  about: [
    `the hub takes ${latencyMs} ms a request for ${slowMs / 1000} s, then is as it was; ${connections} connections bring all their lines at once,`,
    'those of the forum snippet at 3000/s, since it makes one message of what comes at once.',
    'lostShare is of lines that did not arrive as messages of their own',
  ].join(' '),
  onRequest: true,
  chart: 'maxRssMiB',
  rows: [
    rowFor({ ...headgate, numbered: true }, { lines: 150_000 }),
    rowFor(honestComposition, { lines: 150_000 }),
    rowFor(syslogNgPassing, { lines: 150_000 }),
    rowFor(syslogNgDropping, { lines: 150_000 }),
    rowFor(nodeRedFlow, { lines: 60_000 }),
    rowFor(forumSnippet, { lines: 12_000, linesPerSecond: 3000 }),
  ],
}

/** What one row does. */
interface Traffic {
  readonly lines: number
  /** As fast as TCP takes them, if it is not given. */
  readonly linesPerSecond?: number
}

function rowFor(candidate: Candidate, traffic: Traffic): Row {
  return {
    name: candidate.name,
    timeoutMs: 180_000,
    measure: (processes, effort) => measure(processes, effort, candidate, traffic),
  }
}

async function measure(
  processes: Processes,
  effort: Effort,
  candidate: Candidate,
  traffic: Traffic,
): Promise<Measured> {
  const lines = messagesFor(effort, traffic.lines, connections)
  const run = await CandidateRun.open(processes, candidate, connections, effort.seed)
  await run.send(warmUpLines, warmUpPerSecond)
  await run.emulator.call('fault', { operation: 'send', latencyMs })
  const healed = delay(effort.quick ? slowMsInQuick : slowMs).then(() => run.emulator.call('heal'))
  const [outcome] = await Promise.all([run.send(lines, traffic.linesPerSecond), healed])
  const { usage, delivered, received, wholeLines, acknowledged } = outcome
  return {
    figures: {
      lostShare: 1 - wholeLines / lines,
      doneAfterMs: usage.wallMs,
      maxRssMiB: usage.maxRssKiB / 1024,
    },
    sent: delivered,
    received,
    ...(candidate.numbered && { acknowledged }),
  }
}
