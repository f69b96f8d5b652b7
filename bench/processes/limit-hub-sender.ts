import { Pool } from 'undici'
import { encodedBatch } from '../../src/hub/batch-body.ts'
import { BodyPool } from '../../src/hub/body-pool.ts'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { AcceptedAnswer } from '../parts/accepted-answer.ts'
import { batchRequestOf } from '../parts/device-token.ts'
import { hubStock } from '../parts/hub-stock.ts'
import { inTurn } from '../parts/in-turn.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'
import type { HubSender } from './hub-sender.ts'

const clock = new UsageClock()
let pool: Pool | undefined
let requests: ReturnType<typeof batchRequestOf>[] = []
let seed = 1

/** What a client can do that is told what to post: bodies and headers made before, undici's dispatcher, nothing looked at but the status. */
const limitHubSender: HubSender = {
  async connect(place: HubPlace, seedOfRun: number): Promise<void> {
    seed = seedOfRun
    const { host, port } = parseConnectionString(place.connectionString)
    pool = new Pool(`https://${host}:${port}`, { connections: 64, pipelining: 1, connect: { ca: place.ca } })
    requests = place.claims.map(({ deviceId, key = '' }) => batchRequestOf(host, deviceId, key))
  },

  async send(batches: number, batchCount: number): Promise<Usage> {
    const { body } = encodedBatch(hubStock(seed, batchCount), new BodyPool())
    clock.start()
    await inTurn(requests, batches, (request) => {
      return new Promise<void>((resolve, reject) => {
        pool?.dispatch({ method: 'POST', body, ...request }, new AcceptedAnswer(resolve, reject))
      })
    })
    return clock.stop()
  },
}

answer(limitHubSender)
