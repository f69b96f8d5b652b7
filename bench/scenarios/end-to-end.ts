import { messageFigures, type Usage } from '../parts/usage.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { GatewayProcess } from '../processes/gateway.ts'
import type { Generator, Sent, SentPaced } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

/** As many as a row sends as fast as it can, so that all rows measure code that is equally warm. */
const bulkMessages = 100_000

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
  about:
    'numbered 100-byte JSON lines over TCP, serve(jsonLines(azureHttp)), to the emulator over TLS; all acknowledged',
  rows: [
    rowFor('10 connections', { connections: 10, messages: bulkMessages }),
    rowFor('100 connections', { connections: 100, messages: bulkMessages }),
    rowFor('10 connections at 1000/s', { connections: 10, messages: 3000, messagesPerSecond: 1000 }),
  ],
}

function rowFor(name: string, traffic: Traffic): Row {
  return { name, measure: (processes, effort) => measure(processes, effort, traffic) }
}

async function measure(processes: Processes, effort: Effort, traffic: Traffic): Promise<Measured> {
  const { connections, messagesPerSecond } = traffic
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<GatewayProcess>('gateway')
  const generator = processes.other<Generator>('generator')
  const messages = messagesFor(effort, traffic.messages, connections)
  const place = await emulator.call('listen', connections)
  const port = await gateway.call('listen', place)
  await generator.call('open', { port, seed: effort.seed, numbered: true, claims: place.claims })
  await generator.call('send', warmUpFor(messagesFor(effort, bulkMessages, connections), connections))
  // Single readings and small batches take other ways through the streams than bulk does.
  if (messagesPerSecond !== undefined) await send(generator, messages, messagesPerSecond * 2)
  const before = await emulator.call('count')
  await gateway.call('start')
  const outcome = await send(generator, messages, messagesPerSecond)
  const { maxRssKiB, ...usage } = await gateway.call('stop')
  await generator.call('close')
  const after = await emulator.call('count')
  return {
    figures: {
      ...trafficFigures(usage, outcome),
      emulatorCpuUsPerMessage: (after.cpuUs - before.cpuUs) / messages,
      maxRssMiB: maxRssKiB / 1024,
    },
    sent: outcome.sent,
    received: after.messages - before.messages,
    acknowledged: outcome.acknowledged,
  }
}

function trafficFigures(usage: Usage, outcome: Sent | SentPaced): Readonly<Record<string, number>> {
  const { cpuUsPerMessage, messagesPerSecond } = messageFigures(usage, outcome.sent)
  // At a given rate the rate is no finding.
  if (!('latencyMs' in outcome)) return { cpuUsPerMessage, messagesPerSecond }
  return { cpuUsPerMessage, latencyP50Ms: outcome.latencyMs.p50, latencyP99Ms: outcome.latencyMs.p99 }
}

function send(generator: Remote<Generator>, messages: number, messagesPerSecond?: number): Promise<Sent | SentPaced> {
  if (messagesPerSecond === undefined) return generator.call('send', messages)
  return generator.call('sendPaced', messages, messagesPerSecond)
}
