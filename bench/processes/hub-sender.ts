import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { unmeteredHub } from '../../src/core/meter.ts'
import { Secret } from '../../src/core/secret.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import type { HubSession } from '../../src/hub/port.ts'
import { lineBlock, lineBytes } from '../parts/lines.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

const sessions: HubSession[] = []
const clock = new UsageClock()
let stock: Telemetry[] = []

const hubSender = {
  /** Opens one session a device. */
  async connect(place: HubPlace, seed: number): Promise<void> {
    const hub = azureHttp(place.connectionString, { ca: place.ca })
    await hub.prepare?.()
    const context = { signal: new AbortController().signal, meter: unmeteredHub }
    for (const { deviceId, key = '' } of place.claims) {
      sessions.push(await hub.open({ deviceId, credentials: { type: 'key', key: new Secret(key) } }, context))
    }
    stock = readings(lineBlock(seed, false))
  },

  /** Sends so many batches, one at a time on each session; resolves with what it took when the hub has all. */
  async send(batches: number, batchCount: number): Promise<Usage> {
    const messages = stock.slice(0, batchCount)
    let left = batches
    const work = async (session: HubSession) => {
      while (left > 0) {
        left--
        await session.send(messages)
      }
    }
    clock.start()
    await Promise.all(sessions.map(work))
    return clock.stop()
  },
}

/** What the hub sender process answers. */
export type HubSender = typeof hubSender

function readings(block: Buffer): Telemetry[] {
  const made: Telemetry[] = []
  // One object for all, as enrich makes them.
  const properties = Object.freeze({ site: 'turin' })
  for (let at = 0; at < block.length; at += lineBytes) {
    const body = block.subarray(at, at + lineBytes - 1)
    made.push(telemetry(body, { properties, contentType: 'application/json', contentEncoding: 'utf-8' }))
  }
  return made
}

answer(hubSender)
