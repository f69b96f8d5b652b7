import { assertConnectionsAllowed } from '../parts/open-files.ts'
import type { EmulatorProcess } from '../processes/emulator.ts'
import type { Generator } from '../processes/generator.ts'
import type { IdlePlan, IdleServer, Kind } from '../processes/idle-server.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Scenario } from '../scenario.ts'

const quickConnections = 300

/** Connections before the first count, so that what is built once is built. */
const warmConnections = 200

/** What one row holds. */
interface Idling {
  readonly name: string
  readonly kind: Kind
  readonly tls?: boolean
  /** With a session of `azureHttp` for each device; else with one that is next to nothing. */
  readonly hubSession?: boolean
  readonly connections: number
}

const bare = 'bare net.Socket'
const answering = 'bare net.Socket, answering'
const silent = 'accepted, silent'
const identified = 'identified, idle'
const bareTls = 'bare TLS socket'
const identifiedTls = 'identified, idle, TLS'

const idlings: readonly Idling[] = [
  { name: bare, kind: 'bare', connections: 8000 },
  { name: answering, kind: 'answering', connections: 8000 },
  { name: silent, kind: 'silent', connections: 8000 },
  { name: identified, kind: 'identified', connections: 8000 },
  { name: 'identified, hub session', kind: 'identified', hubSession: true, connections: 8000 },
  { name: bareTls, kind: 'bare', tls: true, connections: 2000 },
  { name: identifiedTls, kind: 'identified', tls: true, connections: 2000 },
]

/** What it costs to accept a device and to hold it while it has nothing to say. */
export const idleConnectionsScenario: Scenario = {
  name: 'idle-connections',
  about: `memory of connections that say nothing, or only hello, user space only; and how long it takes until all are there, which the generator
limits too: 100 at once; who is identified, or answered, has said hello and heard the welcome by then. With a hub session: azureHttp to the emulator, one poll each`,
  chart: 'rssKiBPerConnection',
  ratios: [
    { name: 'idle/accept/headgate:bare', of: identified, to: bare, figure: 'acceptMs', atMost: 2 },
    { name: 'idle/accept/headgate:answering', of: identified, to: answering, figure: 'acceptMs', atMost: 2 },
    { name: 'idle/accept/silent:bare', of: silent, to: bare, figure: 'acceptMs', atMost: 2 },
    { name: 'idle/accept-tls/headgate:bare', of: identifiedTls, to: bareTls, figure: 'acceptMs' },
  ],
  rows: idlings.map((idling) => ({
    name: idling.name,
    reference: idling.tls ? bareTls : bare,
    measure: (processes, effort) => measure(processes, effort, idling),
  })),
}

async function measure(processes: Processes, effort: Effort, idling: Idling): Promise<Measured> {
  const { kind, tls = false } = idling
  const connections = messagesFor(effort, idling.connections, 1, quickConnections)
  assertConnectionsAllowed(warmConnections + connections)
  const server = processes.measured<IdleServer>('idle-server', ['--expose-gc'])
  const generator = processes.other<Generator>('generator')
  const hub = idling.hubSession ? await startHub(processes, warmConnections + connections) : {}
  const place = await server.call('listen', { kind, tls, ...hub })
  let opened = 0
  const open = (count: number) => {
    const claims = Array.from({ length: count }, () => {
      opened++
      return kind === 'identified' || kind === 'answering' ? { deviceId: `d${opened}` } : null
    })
    return generator.call('open', { ...place, seed: effort.seed, numbered: false, claims })
  }
  await open(warmConnections)
  await server.call('stop', warmConnections)
  const before = await server.call('held')
  await server.call('start')
  await open(connections)
  const usage = await server.call('stop', warmConnections + connections)
  const after = await server.call('held')
  return {
    figures: {
      rssKiBPerConnection: (after.rssBytes - before.rssBytes) / 1024 / connections,
      heapUsedKiBPerConnection: (after.heapUsedBytes - before.heapUsedBytes) / 1024 / connections,
      acceptCpuUsPerConnection: usage.cpuUs / connections,
      acceptMs: usage.wallMs,
    },
    sent: (await generator.call('countOpen')) - warmConnections,
    received: (await server.call('count')) - warmConnections,
  }
}

async function startHub(processes: Processes, devices: number): Promise<Required<Pick<IdlePlan, 'hub'>>> {
  const emulator = processes.other<EmulatorProcess>('emulator')
  return { hub: await emulator.call('listen', devices, { policy: true }) }
}
