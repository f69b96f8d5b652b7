import { messageFigures } from '../parts/usage.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { HubSender } from '../processes/hub-sender.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Ratio, type Row, type Scenario, warmUpFor } from '../scenario.ts'

/** Devices that send at the same time, one batch each. */
const devices = 8

/** Who sends. */
interface Candidate {
  readonly name: string
  readonly process: string
}

const limit: Candidate = { name: 'limit', process: 'limit-hub-sender' }
const plain: Candidate = { name: 'plain', process: 'plain-hub-sender' }
const headgate: Candidate = { name: 'headgate', process: 'hub-sender' }

/** Messages a row by the size of its batches: some 2,000 requests and more, since the first ones are dear. */
const usualMessages = new Map([
  [1, 8000],
  [10, 60_000],
  [100, 240_000],
  [500, 400_000],
])

/** The hub end alone: what a message costs by the size of its batch. */
export const hubOnlyScenario: Scenario = {
  name: 'hub-only',
  about: `batches of 100-byte readings to the emulator over TLS, from ${devices} devices at once. limit: undici posts bodies made before; plain: the
SDK's client with its default agent, whose batches lack ids and types, a third of the bytes; headgate: azureHttp`,
  ratios: [ratio(1, limit), ratio(100, limit), ratio(500, limit), ratio(1, plain), ratio(100, plain)],
  rows: [...usualMessages.keys()].flatMap((batchCount) =>
    [limit, plain, headgate].map((candidate) => rowFor(batchCount, candidate)),
  ),
}

function nameOf(batchCount: number, { name }: Candidate): string {
  return `batches of ${batchCount}, ${name}`
}

function ratio(batchCount: number, to: Candidate): Ratio {
  return {
    name: `hub-only/${batchCount}/headgate:${to.name}`,
    of: nameOf(batchCount, headgate),
    to: nameOf(batchCount, to),
    figure: 'cpuUsPerMessage',
    inverse: true,
  }
}

function rowFor(batchCount: number, candidate: Candidate): Row {
  return {
    name: nameOf(batchCount, candidate),
    reference: nameOf(batchCount, limit),
    measure: (processes, effort) => measure(processes, effort, candidate, batchCount),
  }
}

async function measure(
  processes: Processes,
  effort: Effort,
  candidate: Candidate,
  batchCount: number,
): Promise<Measured> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  const sender = processes.measured<HubSender>(candidate.process)
  const parts = batchCount * devices
  const sent = messagesFor(effort, usualMessages.get(batchCount) as number, parts)
  const warmUp = warmUpFor(sent, parts)
  await sender.call('connect', await emulator.call('listen', devices), effort.seed)
  await sender.call('send', warmUp / batchCount, batchCount)
  const before = await emulator.call('count')
  const usage = await sender.call('send', sent / batchCount, batchCount)
  const after = await emulator.call('count')
  return {
    figures: {
      ...messageFigures(usage, sent),
      emulatorCpuUsPerMessage: (after.cpuUs - before.cpuUs) / sent,
    },
    sent,
    received: after.messages - before.messages,
  }
}
