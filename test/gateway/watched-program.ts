/** What a user's own program looks like that serves with workers, with strings for a test to pull. Each worker runs it too. */
import { existsSync } from 'node:fs'
import type { Log } from '../../src/core/connection.ts'
import { workerPlace } from '../../src/core/worker-place.ts'
import { type Gateway, serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import type { Hub } from '../../src/hub/port.ts'
import { disk } from '../../src/hub/spool/disk.ts'
import { spool } from '../../src/hub/spool/spool.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import type { Plan, Said } from './watched-gateway.ts'

const plan = JSON.parse(process.env.WATCHED_PLAN ?? '{}') as Plan
const place = workerPlace()

if (place !== undefined && plan.brokenIfThere !== undefined && existsSync(plan.brokenIfThere)) {
  throw new Error('this version of the program is broken')
}

function hub(): Hub {
  const timing = { pollIntervalMs: 20, pollsPerSecond: 1000 }
  const to = plan.hub === undefined ? memoryHub() : azureHttp(plan.hub.connectionString, { ca: plan.hub.ca, ...timing })
  return plan.spoolDir === undefined ? to : spool(to, disk({ dir: plan.spoolDir }))
}

function say(said: Said): void {
  if (place === undefined) process.send?.(said)
}

const keep = (level: string) => (fields: object, message: string) => say({ said: 'log', level, fields, message })
const log: Log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }

const calls: Readonly<Record<string, (gateway: Gateway, argument: number) => Promise<unknown>>> = {
  scrape: async ({ metrics }) => (await metrics.expose()).text,
  reload: (gateway) => gateway.reload(),
  drain: (gateway, deadlineMs) => gateway.drain({ deadlineMs }),
  close: (gateway) => gateway.close(),
  serveAgain: () => serve(jsonLines(memoryHub()), { port: 0, workers: 1 }),
}

try {
  const { options } = plan
  const gateway = await serve(jsonLines(hub(), { authenticator: byPolicy(), batch: { maxCount: 1 } }), {
    ...options,
    log,
  })
  if (place === undefined) {
    process.on('message', async ({ call, argument }: { call: string; argument: number }) => {
      try {
        say({ said: 'done', call, result: await calls[call]?.(gateway, argument) })
      } catch (thrown) {
        const { code, message } = thrown as NodeJS.ErrnoException
        say({ said: 'failed', call, code, message })
      }
      if (call === 'close') process.disconnect()
    })
  }
  say({ said: 'listening', port: gateway.address.port, adminPort: gateway.adminAddress?.port })
} catch (thrown) {
  const { code, message, port } = thrown as NodeJS.ErrnoException & { port?: number }
  say({ said: 'failed', call: 'serve', code, message, port })
  process.exitCode = 1
  if (place === undefined) process.disconnect()
}
