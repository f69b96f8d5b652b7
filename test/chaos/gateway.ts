/** A gateway to be killed: jsonLines over HTTPS, in a process of its own, as the chaos runner tells it. */
import { readFileSync } from 'node:fs'
import { createLog } from '../../src/gateway/log.ts'
import { serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import type { Hub } from '../../src/hub/port.ts'
import { retry } from '../../src/hub/retry.ts'
import { disk } from '../../src/hub/spool/disk.ts'
import { spool } from '../../src/hub/spool/spool.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy, fromHello } from '../../src/stages/authenticators.ts'
import { type Mutation, mutated, mutatedStore } from './mutants.ts'

/** What the chaos runner tells the gateway's process, as JSON in the variable CHAOS. */
export interface ChaosGateway {
  readonly port: number
  /** The gateway holds the credentials; else devices bring their keys. */
  readonly policy: boolean
  /** Directory of a spool. */
  readonly spool?: string
  /** How this gateway is broken on purpose. */
  readonly mutation?: Mutation
}

/** Everything quick, so that a schedule of seconds sees what takes minutes in a plant. */
function quickHub(policy: boolean): Hub {
  const ca = readFileSync(process.env.HEADGATE_HUB_CA as string, 'utf8')
  const connectionString = process.env.HEADGATE_HUB as string
  const address = policy ? connectionString : (connectionString.split(';')[0] as string)
  const options = { ca, pollIntervalMs: 50, pollsPerSecond: 400, requestTimeoutMs: 1000 }
  return retry(azureHttp(address, options), { minDelayMs: 10, maxDelayMs: 100, deadlineMs: 60_000 })
}

const chaos = JSON.parse(process.env.CHAOS as string) as ChaosGateway
const within = mutated(quickHub(chaos.policy), chaos.mutation)
const hub =
  chaos.spool === undefined
    ? within
    : spool(within, mutatedStore(disk({ dir: chaos.spool }), chaos.mutation), {
        helloTimeoutMs: 300,
        minDelayMs: 10,
        maxDelayMs: 100,
        refusedDelayMs: 500,
      })

const pipeline = jsonLines(hub, {
  authenticator: chaos.policy ? byPolicy() : fromHello(),
  batch: { maxCount: 20, lingerMs: 5 },
  hub: { answerTimeoutMs: 700 },
})
const gateway = await serve(pipeline, { port: chaos.port, host: '127.0.0.1', log: createLog('error') })
process.once('SIGTERM', async () => {
  await gateway.drain({ deadlineMs: 5000 })
  await gateway.close()
  await hub.close?.()
})
process.stdout.write(`${JSON.stringify({ port: gateway.address.port })}\n`)
