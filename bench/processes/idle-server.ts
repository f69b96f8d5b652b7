import { subscribe } from 'node:diagnostics_channel'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { serve } from '../../src/gateway/serve.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { Arrivals } from '../parts/arrivals.ts'
import { quietHub } from '../parts/quiet-hub.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** What becomes of a connection: a bare socket; accepted by the gateway and silent; greeted, with its ring and hub session. */
export type Kind = 'bare' | 'silent' | 'identified'

/** What the process holds after collecting its garbage. */
export interface Held {
  readonly rssBytes: number
  readonly heapUsedBytes: number
}

const collections = 4

const arrivals = new Arrivals()
const clock = new UsageClock()

const idleServer = {
  /** Resolves with the port. */
  async listen(kind: Kind): Promise<number> {
    if (kind !== 'identified') subscribe('net.server.socket', () => arrivals.add(1))
    return kind === 'bare' ? listenBare() : listenGateway(kind)
  },

  start: (): void => clock.start(),

  /** Resolves when so many connections have arrived since the process began, with what was used since `start`. */
  async stop(total: number): Promise<Usage> {
    await arrivals.reached(total)
    return clock.stop()
  },

  async held(): Promise<Held> {
    if (globalThis.gc === undefined) throw new Error('the idle server needs --expose-gc')
    for (let each = 0; each < collections; each++) {
      globalThis.gc()
      await setImmediate()
    }
    const { rss, heapUsed } = process.memoryUsage()
    return { rssBytes: rss, heapUsedBytes: heapUsed }
  },

  count: (): number => arrivals.count,
}

/** What the idle server process answers. */
export type IdleServer = typeof idleServer

async function listenBare(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => socket.on('data', () => {}))
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, resolve))
  return (server.address() as AddressInfo).port
}

async function listenGateway(kind: Kind): Promise<number> {
  const hub = quietHub(() => {
    if (kind === 'identified') arrivals.add(1)
  })
  const stages = jsonLines(hub, { authenticator: byPolicy() })
  const { address } = await serve(stages, { port: 0, host: '127.0.0.1', helloTimeoutMs: 600_000 })
  return address.port
}

answer(idleServer)
