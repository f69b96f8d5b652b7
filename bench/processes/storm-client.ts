import { type Dispatcher, Pool } from 'undici'
import { parseConnectionString } from '../../src/hub/connection-string.ts'
import { batchRequestOf, pollPathOf } from '../parts/device-token.ts'
import { preparedBody } from '../parts/prepared-body.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

const clock = new UsageClock()
const body = preparedBody(1)
let requests: { readonly pollPath: string; readonly batch: ReturnType<typeof batchRequestOf> }[] = []
let pool: Pool | undefined

/** The requests of devices that come back, without devices: for each a poll, then a batch, tokens and bodies made before, on a pool of sockets. */
const stormClient = {
  prepare({ connectionString, ca, claims }: HubPlace): void {
    const { host, port } = parseConnectionString(connectionString)
    pool = new Pool(`https://${host}:${port}`, { connections: 64, pipelining: 1, connect: { ca } })
    requests = claims.map(({ deviceId, key = '' }) => {
      return { pollPath: pollPathOf(deviceId), batch: batchRequestOf(host, deviceId, key) }
    })
  },

  /** All at once; resolves with what it took until the hub had answered all. */
  async strike(): Promise<Usage> {
    clock.start()
    await Promise.all(
      requests.map(async ({ pollPath, batch }) => {
        await dispatch({ method: 'GET', path: pollPath, headers: { Authorization: batch.headers.Authorization } })
        await dispatch({ method: 'POST', ...batch, body })
      }),
    )
    return clock.stop()
  },
}

/** What the storm client process answers. */
export type StormClient = typeof stormClient

function dispatch(options: Dispatcher.DispatchOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let status = 0
    pool?.dispatch(options, {
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode) => {
        status = statusCode
      },
      onResponseEnd: () => {
        if (status === 204) resolve()
        else reject(new Error(`the hub answered ${status}`))
      },
      onResponseError: (_controller, error) => reject(error),
    })
  })
}

answer(stormClient)
