import cluster from 'node:cluster'
import { serve } from '../../src/gateway/serve.ts'
import { memoryHub } from '../../src/hub/memory.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import type { Question, Said } from './workers-rig.ts'

// A gateway with workers, as a user's program: the primary does what the test asks over IPC.
const { WORKERS = '2', FAIL, PORT = '0' } = process.env
const plant = jsonLines(memoryHub(), { batch: { maxCount: 1 } })

if (cluster.isWorker && FAIL === 'always') throw new Error('this worker never starts')

function tell(said: Said): void {
  if (cluster.isPrimary) process.send?.(said)
}

try {
  const gateway = await serve(plant, { port: Number(PORT), host: '127.0.0.1', workers: Number(WORKERS), adminPort: 0 })
  const pids = () => Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid as number)
  process.on('message', async (question: Question) => {
    if (!cluster.isPrimary) return
    if (question.ask === 'pids') tell({ pids: pids() })
    else if (question.ask === 'metrics') tell({ metrics: (await gateway.metrics.expose()).text })
    else {
      await gateway[question.ask]?.()
      tell({ done: question.ask })
    }
  })
  tell({ port: gateway.address.port, adminPort: gateway.adminAddress?.port as number, pids: pids() })
} catch (thrown) {
  tell({ failed: (thrown as Error).message, code: (thrown as { code?: string }).code })
  if (cluster.isPrimary) process.disconnect?.()
  else throw thrown
}
