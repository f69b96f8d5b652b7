import type { Generator } from '../processes/generator.ts'
import type { IdleServer, Kind } from '../processes/idle-server.ts'
import type { Processes } from '../processes.ts'
import { type Effort, type Measured, messagesFor, type Scenario } from '../scenario.ts'

const usualConnections = 2000
const quickConnections = 300

/** Connections before the first count, so that what is built once is built. */
const warmConnections = 200

const about: Readonly<Record<Kind, string>> = {
  bare: 'bare net.Socket',
  silent: 'accepted, silent',
  identified: 'identified, idle',
}

/** What it costs to accept a device and to hold it while it has nothing to say. */
export const idleConnectionsScenario: Scenario = {
  name: 'idle-connections',
  about: 'memory and accept CPU of connections that say nothing, or only hello; user space only, no hub client',
  chart: 'rssKiBPerConnection',
  rows: (['bare', 'silent', 'identified'] as const).map((kind) => ({
    name: about[kind],
    measure: (processes, effort) => measure(processes, effort, kind),
  })),
}

async function measure(processes: Processes, effort: Effort, kind: Kind): Promise<Measured> {
  const server = processes.measured<IdleServer>('idle-server', ['--expose-gc'])
  const generator = processes.other<Generator>('generator')
  const connections = messagesFor(effort, usualConnections, 1, quickConnections)
  const port = await server.call('listen', kind)
  const open = (prefix: string, count: number) => {
    const claims = Array.from({ length: count }, (_, index) =>
      kind === 'identified' ? { deviceId: `${prefix}${index + 1}` } : null,
    )
    return generator.call('open', { port, seed: effort.seed, numbered: false, claims })
  }
  await open('warm', warmConnections)
  await server.call('stop', warmConnections)
  const before = await server.call('held')
  await server.call('start')
  await open('d', connections)
  const usage = await server.call('stop', warmConnections + connections)
  const after = await server.call('held')
  return {
    figures: {
      rssKiBPerConnection: (after.rssBytes - before.rssBytes) / 1024 / connections,
      heapUsedKiBPerConnection: (after.heapUsedBytes - before.heapUsedBytes) / 1024 / connections,
      acceptCpuUsPerConnection: usage.cpuUs / connections,
    },
    sent: (await generator.call('countOpen')) - warmConnections,
    received: (await server.call('count')) - warmConnections,
  }
}
