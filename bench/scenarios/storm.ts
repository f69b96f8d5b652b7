import { assertConnectionsAllowed } from '../parts/open-files.ts'
import type { Usage } from '../parts/usage.ts'
import type { EmulatorProcess, HubCount } from '../processes/emulator.ts'
import type { GatewayProcess } from '../processes/gateway.ts'
import type { StormClient } from '../processes/storm-client.ts'
import type { StormDevices } from '../processes/storm-devices.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Scenario } from '../scenario.ts'

const usualDevices = 5000
const quickDevices = 500

/** A fleet that comes back at once, as after a gateway's restart or a network's failure. */
export const stormScenario: Scenario = {
  name: 'storm',
  about: `${usualDevices.toLocaleString('en')} devices connect at once, say hello and send a reading each, through serve(jsonLines(retry(azureHttp))) to the emulator over TLS;
they were all there once before, and left. limit: the same requests, a poll and a batch for each device, by a pooled client without
devices, its tokens and bodies made before`,
  chart: 'allAcknowledgedMs',
  ratios: [
    { name: 'storm/time/headgate:limit', of: 'headgate', to: 'limit', figure: 'allAcknowledgedMs' },
    { name: 'storm/cpu/headgate:limit', of: 'headgate', to: 'limit', figure: 'cpuUsPerDevice' },
  ],
  rows: [
    { name: 'limit', measure: measureLimit },
    { name: 'headgate', measure: measureHeadgate },
  ],
}

async function measureLimit(processes: Processes, effort: Effort): Promise<Measured> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  const client = processes.measured<StormClient>('storm-client')
  const devices = messagesFor(effort, usualDevices, 1, quickDevices)
  await client.call('prepare', await emulator.call('listen', devices))
  await client.call('strike')
  const before = await emulator.call('count')
  const usage = await client.call('strike')
  const after = await emulator.call('count')
  return {
    figures: figuresOf(usage.wallMs, usage, devices, before, after),
    sent: devices,
    received: after.messages - before.messages,
  }
}

async function measureHeadgate(processes: Processes, effort: Effort): Promise<Measured> {
  const devices = messagesFor(effort, usualDevices, 1, quickDevices)
  assertConnectionsAllowed(devices)
  const emulator = processes.other<EmulatorProcess>('emulator')
  const gateway = processes.measured<GatewayProcess>('gateway')
  const fleet = processes.other<StormDevices>('storm-devices')
  const place = await emulator.call('listen', devices)
  const port = await gateway.call('listen', place, { retries: true })
  const strike = () => fleet.call('strike', { port, seed: effort.seed, claims: place.claims })
  await strike()
  await fleet.call('leave')
  const before = await emulator.call('count')
  await gateway.call('start')
  const stormed = await strike()
  const usage = await gateway.call('stop')
  const after = await emulator.call('count')
  return {
    figures: {
      ...figuresOf(stormed.ms, usage, devices, before, after),
      slowestConnectMs: stormed.slowestConnectMs,
    },
    sent: devices,
    received: after.messages - before.messages,
    acknowledged: stormed.acknowledged,
  }
}

function figuresOf(
  allAcknowledgedMs: number,
  { cpuUs, loopLagP99Ms, maxRssKiB }: Usage,
  devices: number,
  before: HubCount,
  after: HubCount,
): Readonly<Record<string, number>> {
  return {
    allAcknowledgedMs,
    cpuUsPerDevice: cpuUs / devices,
    loopLagP99Ms,
    maxRssMiB: maxRssKiB / 1024,
    emulatorCpuUsPerDevice: (after.cpuUs - before.cpuUs) / devices,
  }
}
