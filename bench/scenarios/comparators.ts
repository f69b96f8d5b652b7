import { CandidateRun } from '../parts/candidate-run.ts'
import {
  type Candidate,
  forumSnippet,
  headgate,
  headgateKeys,
  nodeRedFlow,
  syslogNgParsing,
  syslogNgPassing,
} from '../parts/candidates.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Ratio, type Row, type Scenario, warmUpFor } from '../scenario.ts'

const connections = 50

/** What one row does. */
interface Traffic {
  readonly messages: number
  /** As fast as the candidate reads, if it is not given. */
  readonly messagesPerSecond?: number
}

/** At six readings a second and device none is still on its way when the next one is written; at sixty, batches begin to pay. */
const rates: readonly Traffic[] = [
  { messages: 3000, messagesPerSecond: 300 },
  { messages: 12_000, messagesPerSecond: 3000 },
]

/** What one would use in place of Headgate. */
export const comparatorsScenario: Scenario = {
  name: 'comparators',
  about: [
    `what one would use instead: 100-byte JSON lines of ${connections} connections to the emulator over TLS, in batches of 100 or 50 ms;`,
    'nobody is asked for receipts, since the others give none.',
    `Node-RED and syslog-ng send as one device, Headgate as ${connections}.`,
    'A forum snippet has a client of the SDK for each socket, makes a message of each chunk, and no batches;',
    'lostShare is of lines that did not arrive as messages of their own',
  ].join(' '),
  yardstick: forumSnippet.name,
  ratios: [
    ratio('headgate:node-red', headgate.name, nodeRedFlow.name, { atLeast: 8 }),
    // Each at the load that it takes without loss.
    ratio('headgate:forum-snippet', headgate.name, nameAt(300, forumSnippet), { atLeast: 20 }),
    ...[300, 3000].map((rate) =>
      ratio(`${rate} per second/headgate:forum-snippet`, nameAt(rate, headgate), nameAt(rate, forumSnippet), {}),
    ),
    ratio('headgate:syslog-ng, parsed', headgate.name, syslogNgParsing.name, { atLeast: 1.3 }),
    ratio('headgate keys:syslog-ng', headgateKeys.name, syslogNgPassing.name, { atLeast: 1 }),
  ],
  rows: [
    rowFor(headgate, { messages: 600_000 }),
    rowFor(headgateKeys, { messages: 600_000 }),
    rowFor(syslogNgParsing, { messages: 600_000 }),
    rowFor(syslogNgPassing, { messages: 600_000 }),
    rowFor(nodeRedFlow, { messages: 120_000 }),
    rowFor(forumSnippet, { messages: 15_000 }),
    ...rates.flatMap((traffic) => [rowFor(headgate, traffic), rowFor(forumSnippet, traffic)]),
  ],
}

function nameAt(messagesPerSecond: number, { name }: Candidate): string {
  return `${name} at ${messagesPerSecond}/s`
}

function ratio(name: string, of: string, to: string, aim: Pick<Ratio, 'atLeast'>): Ratio {
  return { name: `comparators/${name}`, of, to, figure: 'cpuUsPerMessage', inverse: true, ...aim }
}

function rowFor(candidate: Candidate, traffic: Traffic): Row {
  const { messagesPerSecond } = traffic
  return {
    name: messagesPerSecond === undefined ? candidate.name : nameAt(messagesPerSecond, candidate),
    measure: (processes, effort) => measure(processes, effort, candidate, traffic),
  }
}

async function measure(
  processes: Processes,
  effort: Effort,
  candidate: Candidate,
  { messages, messagesPerSecond }: Traffic,
): Promise<Measured> {
  const lines = messagesFor(effort, messages, connections)
  const run = await CandidateRun.open(processes, candidate, connections, effort.seed)
  await run.send(warmUpFor(lines, connections), messagesPerSecond)
  const { usage, delivered, received, wholeLines, emulatorCpuUs } = await run.send(lines, messagesPerSecond)
  return {
    figures: {
      cpuUsPerMessage: usage.cpuUs / received,
      // At a given rate the rate is no finding.
      ...(messagesPerSecond === undefined && { messagesPerSecond: (received / usage.wallMs) * 1000 }),
      maxRssMiB: usage.maxRssKiB / 1024,
      ...(candidate.loses && { lostShare: 1 - wholeLines / lines }),
      emulatorCpuUsPerMessage: emulatorCpuUs / received,
    },
    sent: delivered,
    received,
  }
}
