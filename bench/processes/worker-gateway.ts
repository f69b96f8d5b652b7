import type { Messages } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { type Stage, stage } from '../../src/core/stage.ts'
import { workerPlace } from '../../src/core/worker-place.ts'
import { type Gateway, serve } from '../../src/gateway/serve.ts'
import type { Hub } from '../../src/hub/port.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub as endpoint } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { costlyWork } from '../parts/costly.ts'
import { quietHub } from '../parts/quiet-hub.ts'
import { answer } from './answer.ts'

/** What a gateway with workers used, all its processes together. */
export interface WorkersUsage {
  readonly cpuUs: number
  /** Readings that its hub has accepted since it listens. */
  readonly accepted: number
}

function costly(): Stage<Messages, Messages> {
  return stage<Messages, Messages>('costly', () => ({
    up(item, out) {
      if (item.kind === 'telemetry') costlyWork(item.body)
      out.emit(item)
    },
  }))
}

/** A hub that takes everything and says to the meters what. */
function countedHub(): Hub {
  const quiet = quietHub()
  return {
    can: quiet.can,
    async open(device, context) {
      const session = await quiet.open(device, context)
      return {
        send: async (messages) => context.meter.accepted(messages.length, messages.length),
        report: (report) => session.report(report),
        commands: (stopped) => session.commands(stopped),
        settle: (receipt) => session.settle(receipt),
        close: () => session.close(),
      }
    },
  }
}

const served = pipeline(
  'costlyLines',
  lines(),
  json(),
  costly(),
  authenticate(byPolicy()),
  batch(),
  endpoint(countedHub()),
)
let gateway: Gateway | undefined
let cpuSecondsBefore = 0

/** A metric of the gateway, workers and all. */
async function read(name: string): Promise<number> {
  const { text } = (await gateway?.metrics.expose()) ?? { text: '' }
  const line = text.split('\n').find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1))
}

const methods = {
  /** Serves in so many workers, 0 is this process; resolves with the port. */
  async listen(workers: number): Promise<number> {
    gateway = await serve(served, { port: 0, host: '127.0.0.1', ...(workers > 0 && { workers }) })
    return gateway.address.port
  },

  async start(): Promise<void> {
    cpuSecondsBefore = await read('process_cpu_seconds_total')
  },

  async stop(): Promise<WorkersUsage> {
    const cpuUs = ((await read('process_cpu_seconds_total')) - cpuSecondsBefore) * 1e6
    return { cpuUs, accepted: await read('headgate_hub_batch_messages_sum') }
  },

  async close(): Promise<void> {
    await gateway?.close()
  },
}

/** What the gateway process answers. */
export type WorkerGateway = typeof methods

const place = workerPlace()
if (place === undefined) answer(methods)
else await serve(served, { port: 0, host: '127.0.0.1', workers: place.count })
