import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import type { HubSession } from '../../src/hub/port.ts'
import { hubStock } from '../parts/hub-stock.ts'
import { inTurn } from '../parts/in-turn.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

const sessions: HubSession[] = []
const clock = new UsageClock()
let seed = 1

const hubSender = {
  /** Opens one session a device. */
  async connect(place: HubPlace, seedOfRun: number): Promise<void> {
    seed = seedOfRun
    const hub = azureHttp(place.connectionString, { ca: place.ca })
    await hub.prepare?.()
    const context = { signal: new AbortController().signal, meter: unmeteredHub }
    for (const { deviceId, key = '' } of place.claims) {
      sessions.push(await hub.open({ deviceId, credentials: { type: 'key', key: new Secret(key) } }, context))
    }
  },

  /** Sends so many batches, one at a time on each session; resolves with what it took when the hub has all. */
  async send(batches: number, batchCount: number): Promise<Usage> {
    const messages = hubStock(seed, batchCount)
    clock.start()
    await inTurn(sessions, batches, (session) => session.send(messages))
    return clock.stop()
  },
}

/** What every process answers that sends batches to a hub. */
export type HubSender = typeof hubSender

answer(hubSender)
