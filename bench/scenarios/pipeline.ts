import { messageFigures } from '../parts/usage.ts'
import type { Generator } from '../processes/generator.ts'
import type { LineServer, Way } from '../processes/line-server.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

const usualMessages = 300_000

/** Messages in a full batch: shares that fill it end without a linger. */
const batchCount = 100

/** The way up without a hub: what deframing, decoding, authenticating, enriching and batching cost. */
export const pipelineScenario: Scenario = {
  name: 'pipeline',
  about: '100-byte JSON lines over loopback TCP: lines, json, authenticate, enrich, batch; no hub',
  rows: [1, 100].flatMap((connections) => rowsFor(connections)),
}

function rowsFor(connections: number): Row[] {
  const nameOf = (way: Way) => `${way}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`
  const ways: readonly Way[] = ['hand-written', 'fused', 'unfused']
  return ways.map((way) => ({
    name: nameOf(way),
    reference: nameOf('hand-written'),
    measure: (processes, effort) => measure(processes, effort, way, connections),
  }))
}

async function measure(processes: Processes, effort: Effort, way: Way, connections: number): Promise<Measured> {
  const server = processes.measured<LineServer>('line-server')
  const generator = processes.other<Generator>('generator')
  const parts = effort.messages === undefined ? connections * batchCount : connections
  const messages = messagesFor(effort, usualMessages, parts)
  const warmUp = warmUpFor(messages, parts)
  const port = await server.call('listen', way)
  const claims = Array.from({ length: connections }, (_, index) => ({ deviceId: `d${index + 1}` }))
  await generator.call('open', { port, seed: effort.seed, numbered: false, claims })
  await generator.call('send', warmUp)
  await server.call('reached', warmUp)
  await server.call('start')
  const { sent } = await generator.call('send', messages)
  const usage = await server.call('stop', warmUp + messages)
  await generator.call('close')
  // Counted once more after the end, so that what came twice is seen too.
  const received = (await server.call('count')) - warmUp
  return { figures: { ...messageFigures(usage, messages) }, sent, received }
}
