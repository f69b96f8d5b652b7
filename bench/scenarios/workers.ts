import type { Generator } from '../processes/generator.ts'
import type { WorkerGateway } from '../processes/worker-gateway.ts'
import type { WorkerLimit } from '../processes/worker-limit.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

const connections = 100
const usualMessages = 40_000

/** Of the readings, what is timed: at the beginning one worker has begun and at the end one has finished before the other. */
const begin = 0.1
const end = 0.8

/** What another core is worth. */
export const workersScenario: Scenario = {
  name: 'workers',
  about:
    'serve(…, { workers }), 100 connections, numbered 100-byte JSON lines acknowledged by a hub in process; four hundred checksums a reading ' +
    'make the gateway dearer than the generator, which shares the cores: where spareCores is near 0 more workers could not be faster. ' +
    'limit: processes that do that work and nothing else, which is what a second core of this machine is worth',
  rows: [
    rowFor('no workers', 0),
    rowFor('1 worker', 1),
    rowFor('2 workers', 2),
    limitFor('limit, 1 process', 1),
    limitFor('limit, 2 processes', 2),
  ],
  ratios: [
    {
      name: 'workers/limit/2:1',
      of: 'limit, 2 processes',
      to: 'limit, 1 process',
      figure: 'messagesPerSecond',
    },
    { name: 'workers/2:1', of: '2 workers', to: '1 worker', figure: 'messagesPerSecond', atLeast: 1.7 },
    { name: 'workers/1:none', of: '1 worker', to: 'no workers', figure: 'messagesPerSecond' },
  ],
}

function rowFor(name: string, workers: number): Row {
  return { name, measure: (processes, effort) => measure(processes, effort, workers) }
}

function limitFor(name: string, count: number): Row {
  return { name, measure: (processes, effort) => measureLimit(processes, effort, count) }
}

async function measureLimit(processes: Processes, effort: Effort, count: number): Promise<Measured> {
  const workers = Array.from({ length: count }, () => processes.other<WorkerLimit>('worker-limit'))
  const durationMs = effort.quick ? 200 : 2000
  const together = async () =>
    (await Promise.all(workers.map((worker) => worker.call('work', durationMs)))).reduce(
      (sum, readings) => sum + readings,
      0,
    )
  await together()
  const readings = await together()
  return {
    figures: { messagesPerSecond: (readings / durationMs) * 1000 },
    sent: readings,
    received: readings,
  }
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
  const [outcome, stretch] = await Promise.all([
    generator.call('send', messages),
    generator.call('stretch', messages * begin, messages * end),
  ])
  const { accepted, cpuUs } = await gateway.call('stop')
  await generator.call('close')
  await gateway.call('close')
  return {
    figures: {
      cpuUsPerMessage: cpuUs / messages,
      messagesPerSecond: (stretch.acknowledged / stretch.wallMs) * 1000,
      spareCores: stretch.spareCores,
    },
    sent: outcome.sent,
    received: accepted - warmUp,
    acknowledged: outcome.acknowledged,
  }
}
