import type { EmulatorProcess } from '../processes/emulator.ts'
import type { GatewayPlan, GatewayProcess } from '../processes/gateway.ts'
import type { Generator, Sent, SentPaced } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import type { Remote } from '../remote.ts'
import { type Effort, type Measured, messagesFor, warmUpFor } from '../scenario.ts'
import { messageFigures } from './usage.ts'

/** As many as a row sends as fast as it can, so that all rows measure code that is equally warm. */
export const bulkMessages = 400_000

/**
 * How many times as many messages go before those that count. What runs once for a batch of a hundred is compiled a hundred times later than what
 * runs for each message: after 1.5 times as many, compilers still took 3 % of Headgate's CPU and it paid a seventh more for each message than
 * after 3, where a limit of little code paid the same.
 */
const warmUpTimes = 3

/** Of quick rows, whose figures are not for reading. */
const quickWarmUpTimes = 0.5

/** Who brings numbered lines to the hub and receipts back. */
export interface Deliverer {
  readonly name: string
  readonly process: string
  readonly plan?: GatewayPlan
  readonly flags?: readonly string[]
}

/** What it is given to do. */
export interface Traffic {
  readonly connections: number
  readonly messages: number
  /** As fast as the gateway reads, if it is not given. */
  readonly messagesPerSecond?: number
}

/** Device to hub and back: every reading acknowledged to its device and counted at the hub. */
export async function measureDelivery(
  processes: Processes,
  effort: Effort,
  deliverer: Deliverer,
  traffic: Traffic,
): Promise<Measured> {
  const { connections, messagesPerSecond } = traffic
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<GatewayProcess>(deliverer.process, deliverer.flags)
  const generator = processes.other<Generator>('generator')
  const messages = messagesFor(effort, traffic.messages, connections)
  const place = await emulator.call('listen', connections)
  const port = await gateway.call('listen', place, deliverer.plan)
  await generator.call('open', { port, seed: effort.seed, numbered: true, claims: place.claims })
  const warmUp = warmUpFor(
    messagesFor(effort, bulkMessages, connections),
    connections,
    effort.quick ? quickWarmUpTimes : warmUpTimes,
  )
  await generator.call('send', warmUp)
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
