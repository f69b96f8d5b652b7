import type { Generator } from '../processes/generator.ts'
import type { WorkerGateway } from '../processes/worker-gateway.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

const connections = 100
const usualMessages = 100_000

/** What another core is worth. */
export const workersScenario: Scenario = {
  name: 'workers',
  about:
    'serve(…, { workers }), 100 connections, numbered 100-byte JSON lines acknowledged by a hub in process; twenty SHA-256 digests a reading ' +
    'make the gateway dearer than the generator, which shares the cores: where spareCores is near 0 more workers could not be faster',
  rows: [rowFor('no workers', 0), rowFor('1 worker', 1), rowFor('2 workers', 2)],
  ratios: [
    { name: 'workers/2:1', of: '2 workers', to: '1 worker', figure: 'messagesPerSecond', atLeast: 1.7 },
    { name: 'workers/1:none', of: '1 worker', to: 'no workers', figure: 'messagesPerSecond' },
  ],
}

function rowFor(name: string, workers: number): Row {
  return { name, measure: (processes, effort) => measure(processes, effort, workers) }
}

async function measure(processes: Processes, effort: Effort, workers: number): Promise<Measured> {
  const gateway = processes.measured<WorkerGateway>('worker-gateway')
  const generator = processes.other<Generator>('generator')
  const messages = messagesFor(effort, usualMessages, connections)
  const port = await gateway.call('listen', workers)
  const claims = Array.from({ length: connections }, (_, index) => ({ deviceId: `d${index}` }))
  await generator.call('open', { port, seed: effort.seed, numbered: true, claims })
  const warmUp = warmUpFor(messages, connections)
  await generator.call('send', warmUp)
  await gateway.call('start')
  const outcome = await generator.call('send', messages)
  const { accepted, spareCores, ...usage } = await gateway.call('stop')
  await generator.call('close')
  await gateway.call('close')
  return {
    figures: {
      cpuUsPerMessage: usage.cpuUs / messages,
      messagesPerSecond: (messages / usage.wallMs) * 1000,
      spareCores,
    },
    sent: outcome.sent,
    received: accepted - warmUp,
    acknowledged: outcome.acknowledged,
  }
}
