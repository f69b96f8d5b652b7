import { programFlags } from '../parts/program-flags.ts'
import { messageFigures } from '../parts/usage.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { GatewayPlan, GatewayProcess } from '../processes/gateway.ts'
import type { Generator, Sent, SentPaced } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import { type Effort, type Measured, messagesFor, type Ratio, type Row, type Scenario, warmUpFor } from '../scenario.ts'

/** As many as a row sends as fast as it can, so that all rows measure code that is equally warm. */
const bulkMessages = 400_000

/** Who does the work. */
interface Candidate {
  readonly name: string
  readonly process: string
  readonly plan?: GatewayPlan
  readonly flags?: readonly string[]
}

const limit: Candidate = { name: 'limit', process: 'limit-gateway' }
const honest: Candidate = { name: 'honest composition', process: 'honest-gateway' }
const headgate: Candidate = { name: 'headgate', process: 'gateway', plan: { scraped: true } }
const parsed: Candidate = { name: 'headgate, parsed', process: 'gateway', plan: { scraped: true, parse: 'all' } }
const program: Candidate = { ...headgate, name: 'headgate, as its program starts', flags: programFlags }

/** What one row does. */
interface Traffic {
  readonly connections: number
  readonly messages: number
  /** As fast as the gateway reads, if it is not given. */
  readonly messagesPerSecond?: number
}

/** Device to hub and back: every reading acknowledged to its device and counted at the hub. */
export const endToEndScenario: Scenario = {
  name: 'end-to-end',
  about: `numbered 100-byte JSON lines over TCP to the emulator over TLS in batches of 100, all acknowledged. limit: a loop that parses, and a
pooled client that posts bodies made before; honest composition: through2, pumpify and the SDK as they are; headgate: serve(jsonLines(azureHttp)),
its metrics scraped every second, which looks readings through since nobody asks for their values; parsed: all made values of, as by the others`,
  ratios: [
    ratio(10, 'headgate', honest, { atLeast: 2.8 }),
    ratio(100, 'headgate', honest, { atLeast: 2 }),
    ratio(10, 'headgate', limit, { atLeast: 0.8 }),
    ratio(100, 'headgate', limit, { atLeast: 0.65 }),
    ratio(100, 'headgate, parsed', honest, {}),
    ratio(10, 'headgate, parsed', honest, {}),
    ratio(100, 'headgate, as its program starts', honest, {}),
    ratio(10, 'headgate, as its program starts', honest, {}),
    ratio(100, 'headgate, as its program starts', limit, {}),
    ratio(1000, 'headgate', honest, {}),
    ratio(1000, 'headgate', limit, {}),
  ],
  rows: [
    ...rowsFor(10, [limit, honest, headgate, parsed, program]),
    ...rowsFor(100, [limit, honest, headgate, parsed, program]),
    ...rowsFor(1000, [limit, honest, headgate]),
    ...[honest, headgate].map((candidate) => ({
      ...rowFor(pacedName(candidate), candidate, { connections: 10, messages: 3000, messagesPerSecond: 1000 }),
      // The limit has no latency here to set it against.
      reference: pacedName(honest),
    })),
  ],
}

function pacedName({ name }: Candidate): string {
  return `10 connections at 1000/s, ${name}`
}

function nameOf(connections: number, candidate: string): string {
  return `${connections} connections, ${candidate}`
}

function ratio(connections: number, of: string, to: Candidate, aim: Pick<Ratio, 'atLeast'>): Ratio {
  const short = to === honest ? 'honest' : to.name
  return {
    name: `end-to-end/${connections}/${of}:${short}`,
    of: nameOf(connections, of),
    to: nameOf(connections, to.name),
    figure: 'cpuUsPerMessage',
    inverse: true,
    ...aim,
  }
}

function rowsFor(connections: number, candidates: readonly Candidate[]): Row[] {
  return candidates.map((candidate) => ({
    ...rowFor(nameOf(connections, candidate.name), candidate, { connections, messages: bulkMessages }),
    reference: nameOf(connections, limit.name),
  }))
}

function rowFor(name: string, candidate: Candidate, traffic: Traffic): Row {
  return { name, measure: (processes, effort) => measure(processes, effort, candidate, traffic) }
}

async function measure(
  processes: Processes,
  effort: Effort,
  candidate: Candidate,
  traffic: Traffic,
): Promise<Measured> {
  const { connections, messagesPerSecond } = traffic
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<GatewayProcess>(candidate.process, candidate.flags)
  const generator = processes.other<Generator>('generator')
  const messages = messagesFor(effort, traffic.messages, connections)
  const place = await emulator.call('listen', connections)
  const port = await gateway.call('listen', place, candidate.plan)
  await generator.call('open', { port, seed: effort.seed, numbered: true, claims: place.claims })
  await generator.call('send', warmUpFor(messagesFor(effort, bulkMessages, connections), connections))
  // Single readings and small batches take other ways through the streams than bulk does.
  if (messagesPerSecond !== undefined) await send(generator, messages, messagesPerSecond * 2)
  const before = await emulator.call('count')
  await gateway.call('start')
  const outcome = await send(generator, messages, messagesPerSecond)
  const usage = await gateway.call('stop')
  await generator.call('close')
  const after = await emulator.call('count')
  const { messagesPerSecond: rate, ...figures } = messageFigures(usage, messages)
  return {
    figures: {
      ...figures,
      // At a given rate the rate is no finding.
      ...('latencyMs' in outcome ? latencyFigures(outcome) : { messagesPerSecond: rate }),
      emulatorCpuUsPerMessage: (after.cpuUs - before.cpuUs) / messages,
    },
    sent: outcome.sent,
    received: after.messages - before.messages,
    acknowledged: outcome.acknowledged,
  }
}

function latencyFigures({ latencyMs }: SentPaced): Readonly<Record<string, number>> {
  return { latencyP50Ms: latencyMs.p50, latencyP99Ms: latencyMs.p99, latencyP999Ms: latencyMs.p999 }
}

function send(generator: Remote<Generator>, messages: number, messagesPerSecond?: number): Promise<Sent | SentPaced> {
  if (messagesPerSecond === undefined) return generator.call('send', messages)
  return generator.call('sendPaced', messages, messagesPerSecond)
}
