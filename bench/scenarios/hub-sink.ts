import { messageFigures } from '../parts/usage.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { HubSender } from '../processes/hub-sender.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

/** Sessions that send at the same time, one batch each. */
const sessions = 8

/** The hub end alone: what a message costs by the size of its batch. */
export const hubSinkScenario: Scenario = {
  name: 'hub-sink',
  about: `batches straight into azureHttp over ${sessions} sessions, to the emulator over TLS`,
  rows: [rowFor(1, 4000), rowFor(10, 32_000), rowFor(100, 120_000), rowFor(500, 200_000)],
}

function rowFor(batchCount: number, usualMessages: number): Row {
  return {
    name: `batches of ${batchCount}`,
    reference: 'batches of 100',
    measure: (processes, effort) => measure(processes, effort, batchCount, usualMessages),
  }
}

async function measure(
  processes: Processes,
  effort: Effort,
  batchCount: number,
  usualMessages: number,
): Promise<Measured> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  const sender = processes.measured<HubSender>('hub-sender')
  const parts = batchCount * sessions
  const sent = messagesFor(effort, usualMessages, parts)
  const warmUp = warmUpFor(sent, parts)
  await sender.call('connect', await emulator.call('listen', sessions), effort.seed)
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
