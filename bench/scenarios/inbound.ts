import { messageFigures } from '../parts/usage.ts'
import type { Generator } from '../processes/generator.ts'
import type { LineServer, Way } from '../processes/line-server.ts'
import type { Processes } from '../processes.ts'
import {
  type Effort,
  longWarmUp,
  type Measured,
  messagesFor,
  type Ratio,
  type Row,
  type Scenario,
  warmUpFor,
} from '../scenario.ts'

/** Messages in a full batch: shares that fill it end without a linger. */
const batchCount = 100

/** What is sent, over how many connections. */
interface Load {
  readonly name: string
  readonly lineBytes: number
  readonly connections: number
  readonly messages: number
  /** One line a read, so many a second; as fast as it is read where it is not given. */
  readonly messagesPerSecond?: number
  readonly ways: readonly Way[]
}

const all: readonly Way[] = ['limit', 'plain', 'headgate', 'headgate, keys', 'headgate, unfused']
const most: readonly Way[] = ['limit', 'plain', 'headgate', 'headgate, keys']

const loads: readonly Load[] = [
  { name: '100 B/1', lineBytes: 100, connections: 1, messages: 400_000, ways: most },
  { name: '100 B/100', lineBytes: 100, connections: 100, messages: 400_000, ways: all },
  { name: '100 B/1000', lineBytes: 100, connections: 1000, messages: 400_000, ways: most },
  { name: '20 B/100', lineBytes: 20, connections: 100, messages: 400_000, ways: most },
  { name: '1 KB/100', lineBytes: 1024, connections: 100, messages: 60_000, ways: most },
  { name: 'trickle/100', lineBytes: 100, connections: 100, messages: 45_000, messagesPerSecond: 12_000, ways: most },
  { name: 'trickle/1000', lineBytes: 100, connections: 1000, messages: 45_000, messagesPerSecond: 12_000, ways: most },
]

/** The way up without a hub: what deframing, decoding, authenticating, enriching and batching cost. */
export const inboundScenario: Scenario = {
  name: 'inbound',
  about: `JSON lines over loopback TCP through lines, json, authenticate, enrich, batch; no hub. limit: newlines are found and counted; plain:
a hand-written loop that does the same work; keys: readings looked through, not parsed; trickle: one line a read, 12,000 a second`,
  ratios: [
    ratio('100 B/100', 'headgate', 'plain', { atMost: 1.15 }),
    ratio('100 B/1', 'headgate', 'plain', {}),
    ratio('100 B/1000', 'headgate', 'plain', {}),
    ratio('20 B/100', 'headgate', 'plain', {}),
    ratio('1 KB/100', 'headgate', 'plain', {}),
    ratio('trickle/1000', 'headgate', 'plain', { atMost: 1.3 }),
    ratio('trickle/100', 'headgate', 'plain', {}),
    ratio('100 B/100', 'headgate', 'headgate, keys', {}),
    ratio('1 KB/100', 'headgate', 'headgate, keys', {}),
  ],
  rows: loads.flatMap((load) =>
    load.ways.map(
      (way): Row => ({
        name: nameOf(load.name, way),
        reference: nameOf(load.name, 'plain'),
        measure: (processes, effort) => measure(processes, effort, way, load),
      }),
    ),
  ),
}

function nameOf(load: string, way: Way): string {
  return `${load} ${way}`
}

function ratio(load: string, of: Way, to: Way, aim: Pick<Ratio, 'atMost' | 'atLeast'>): Ratio {
  const name = `inbound/${load}/${of}:${to}`
  return { name, of: nameOf(load, of), to: nameOf(load, to), figure: 'cpuUsPerMessage', ...aim }
}

async function measure(processes: Processes, effort: Effort, way: Way, load: Load): Promise<Measured> {
  const { connections, lineBytes, messagesPerSecond } = load
  const server = processes.measured<LineServer>('line-server')
  const generator = processes.other<Generator>('generator')
  const bulk = messagesPerSecond === undefined && effort.messages === undefined
  const parts = bulk ? connections * Math.min(batchCount, load.messages / connections / 2) : connections
  const messages = messagesFor(effort, load.messages, parts)
  const warmUp = warmUpFor(messages, parts, longWarmUp)
  const send = (count: number) =>
    messagesPerSecond === undefined
      ? generator.call('send', count)
      : generator.call('sendPaced', count, messagesPerSecond)
  const port = await server.call('listen', way)
  const claims = Array.from({ length: connections }, (_, index) => ({ deviceId: `d${index + 1}` }))
  await generator.call('open', { port, seed: effort.seed, numbered: false, lineBytes, claims })
  await send(warmUp)
  await server.call('reached', warmUp)
  await server.call('start')
  const { sent } = await send(messages)
  const usage = await server.call('stop', warmUp + messages)
  await generator.call('close')
  // Counted once more after the end, so that what came twice is seen too.
  const received = (await server.call('count')) - warmUp
  return { figures: messageFigures(usage, messages), sent, received }
}
