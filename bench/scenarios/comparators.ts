import {
  type Candidate,
  type CandidateProcess,
  forumSnippet,
  headgate,
  headgateKeys,
  nodeRedFlow,
  syslogNgParsing,
  syslogNgPassing,
} from '../parts/candidates.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { Generator } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
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
  about: `what one would use instead: 100-byte JSON lines of ${connections} connections to the emulator over TLS, in batches of 100 or 50 ms; nobody is
asked for receipts, since the others give none. Node-RED and syslog-ng send as one device, Headgate as ${connections}. forum snippet: a client of the SDK a
socket, a message a chunk, no batches; lostShare: lines that did not arrive as messages of their own`,
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
    rowFor(headgate, { messages: 150_000 }),
    rowFor(headgateKeys, { messages: 150_000 }),
    rowFor(syslogNgParsing, { messages: 150_000 }),
    rowFor(syslogNgPassing, { messages: 150_000 }),
    rowFor(nodeRedFlow, { messages: 40_000 }),
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
  traffic: Traffic,
): Promise<Measured> {
  const plan = candidate.plan()
  const lines = messagesFor(effort, traffic.messages, connections)
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<CandidateProcess>(candidate.process)
  const generator = processes.other<Generator>('generator')
  const { loses = false } = candidate
  const place = await emulator.call('listen', connections, { countWholeLines: loses })
  const port = await gateway.call('listen', place, ...plan)
  const claims = place.claims.map((claim) => (candidate.greets ? claim : null))
  await generator.call('open', { port, seed: effort.seed, numbered: false, claims })
  let written = 0
  // Resolves with the messages that have arrived if the candidate has kept its word.
  const send = async (count: number): Promise<number> => {
    written += count
    await sendLines(generator, count, traffic)
    if (loses) return gateway.call('delivered', written)
    await emulator.call('reached', written)
    return written
  }
  const deliveredBefore = await send(warmUpFor(lines, connections))
  const before = await emulator.call('count')
  await gateway.call('start')
  const delivered = await send(lines)
  const { cpuUs, wallMs, maxRssKiB } = await gateway.call('stop')
  await generator.call('close')
  const after = await emulator.call('count')
  const messages = after.messages - before.messages
  const wholeLines = after.wholeLines - before.wholeLines
  return {
    figures: {
      cpuUsPerMessage: cpuUs / messages,
      // At a given rate the rate is no finding.
      ...(traffic.messagesPerSecond === undefined && { messagesPerSecond: (messages / wallMs) * 1000 }),
      maxRssMiB: maxRssKiB / 1024,
      ...(loses && { wholeLines, lostShare: 1 - wholeLines / lines }),
      emulatorCpuUsPerMessage: (after.cpuUs - before.cpuUs) / messages,
    },
    sent: delivered - deliveredBefore,
    received: messages,
  }
}

async function sendLines(generator: Remote<Generator>, count: number, { messagesPerSecond }: Traffic): Promise<void> {
  if (messagesPerSecond === undefined) await generator.call('send', count)
  else await generator.call('sendPaced', count, messagesPerSecond)
}
