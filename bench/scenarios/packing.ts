import { messageFigures } from '../parts/usage.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { GatewayPlan, GatewayProcess } from '../processes/gateway.ts'
import type { Generator } from '../processes/generator.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Row, type Scenario, warmUpFor } from '../scenario.ts'

const connections = 10

/** What packing saves of the hub's daily quota, which counts messages in meters of 4 KB, and what it costs. */
export const packingScenario: Scenario = {
  name: 'packing',
  about: `numbered 100-byte JSON lines of ${connections} devices through batch({ pack }) to the emulator over TLS; all acknowledged`,
  rows: [
    rowFor('a message a reading', {}),
    rowFor('JSON arrays', { pack: 'json' }),
    rowFor('lines', { pack: 'lines' }),
  ],
}

function rowFor(name: string, plan: GatewayPlan): Row {
  return { name, measure: (processes, effort) => measure(processes, effort, plan) }
}

async function measure(processes: Processes, effort: Effort, plan: GatewayPlan): Promise<Measured> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<GatewayProcess>('gateway')
  const generator = processes.other<Generator>('generator')
  const messages = messagesFor(effort, 50_000, connections)
  const place = await emulator.call('listen', connections, { countReadings: true })
  const port = await gateway.call('listen', place, plan)
  await generator.call('open', { port, seed: effort.seed, numbered: true, claims: place.claims })
  await generator.call('send', warmUpFor(messages, connections))
  const before = await emulator.call('count')
  await gateway.call('start')
  const outcome = await generator.call('send', messages)
  const usage = await gateway.call('stop')
  await generator.call('close')
  const after = await emulator.call('count')
  return {
    figures: {
      ...messageFigures(usage, messages),
      metersPerThousandReadings: ((after.meters - before.meters) / messages) * 1000,
      requestsPerThousandReadings: ((after.requests - before.requests) / messages) * 1000,
    },
    sent: outcome.sent,
    received: after.readings - before.readings,
    acknowledged: outcome.acknowledged,
  }
}
