import { subscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { makeCertificate } from '../../src/emulator/certificate.ts'
import type { TlsOptions } from '../../src/gateway/listener.ts'
import { serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import type { Hub } from '../../src/hub/port.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { Arrivals } from '../parts/arrivals.ts'
import { listenPlain } from '../parts/plain-server.ts'
import { quietHub } from '../parts/quiet-hub.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

/** What becomes of a connection: a bare socket; one that answers a line; accepted by the gateway and silent; greeted, with its ring and hub session. */
export type Kind = 'bare' | 'answering' | 'silent' | 'identified'

/** How connections are taken. */
export interface IdlePlan {
  readonly kind: Kind
  readonly tls?: boolean
  /** Whose sessions the devices have; default: a hub in the process, whose sessions are next to nothing. */
  readonly hub?: HubPlace
}

/** Where to connect. */
export interface IdlePlace {
  readonly port: number
  /** Whom to trust, over TLS. */
  readonly ca?: string
}

/** What the process holds after collecting its garbage. */
export interface Held {
  readonly rssBytes: number
  readonly heapUsedBytes: number
}

const collections = 4

/** Nobody polls again while memory is measured. */
const pollIntervalMs = 86_400_000

const arrivals = new Arrivals()
const clock = new UsageClock()

const idleServer = {
  async listen(plan: IdlePlan): Promise<IdlePlace> {
    const made = plan.tls ? await makeCertificate(['localhost']) : undefined
    const tls = made && { key: made.privateKey, cert: made.certificate }
    const port = await listen(plan, tls)
    return made === undefined ? { port } : { port, ca: made.certificate }
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

function listen(plan: IdlePlan, tls: TlsOptions | undefined): Promise<number> {
  if (plan.kind === 'bare') return listenBare(tls)
  return plan.kind === 'answering' ? listenAnswering(tls) : listenGateway(plan, tls)
}

function listenBare(tls: TlsOptions | undefined): Promise<number> {
  return listenPlain((socket) => {
    socket.on('data', () => {})
    arrivals.add(1)
  }, tls)
}

/** Whatever comes is a hello: nothing is looked into. */
function listenAnswering(tls: TlsOptions | undefined): Promise<number> {
  return listenPlain((socket) => {
    socket.once('data', () => {
      socket.write('{"$welcome":"bare"}\n')
      arrivals.add(1)
    })
  }, tls)
}

async function listenGateway({ kind, hub: place }: IdlePlan, tls: TlsOptions | undefined): Promise<number> {
  if (kind === 'silent') subscribe('net.server.socket', () => arrivals.add(1))
  const hub = place === undefined ? quietHub() : azureHttp(place.connectionString, { ca: place.ca, pollIntervalMs })
  const counted = kind === 'silent' ? hub : countingSessions(hub)
  const stages = jsonLines(counted, { authenticator: byPolicy() })
  const { address } = await serve(stages, {
    port: 0,
    host: '127.0.0.1',
    helloTimeoutMs: 600_000,
    ...(tls !== undefined && { tls }),
  })
  return address.port
}

function countingSessions(hub: Hub): Hub {
  return {
    ...hub,
    async open(device, context) {
      const session = await hub.open(device, context)
      arrivals.add(1)
      return session
    },
  }
}

answer(idleServer)
