import { costlyWork } from '../parts/costly.ts'
import { lineBytes } from '../parts/lines.ts'
import { answer } from './answer.ts'

const workerLimit = {
  /** Does the work of as many readings as it can, and nothing else; resolves with how many. */
  work(durationMs: number): number {
    const body = Buffer.alloc(lineBytes, 'x')
    const until = performance.now() + durationMs
    let readings = 0
    for (; performance.now() < until; readings++) costlyWork(body)
    return readings
  },
}

/** What the process answers. */
export type WorkerLimit = typeof workerLimit

answer(workerLimit)
