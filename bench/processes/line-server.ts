import { pipeline } from '../../src/core/pipeline.ts'
import { serve } from '../../src/gateway/serve.ts'
import { authenticate } from '../../src/stages/authenticate.ts'
import { byPolicy } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { enrich } from '../../src/stages/enrich.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { Arrivals } from '../parts/arrivals.ts'
import { listenAndCount, listenByHand } from '../parts/hand-written.ts'
import { nullEndpoint } from '../parts/null-endpoint.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** How lines are worked off: counted; by a loop without stages; by a pipeline, its readings looked through or its steps not fused. */
export type Way = 'limit' | 'plain' | 'headgate' | 'headgate, keys' | 'headgate, unfused'

const arrivals = new Arrivals()
const clock = new UsageClock()
const arrived = (messages: number) => arrivals.add(messages)

const lineServer = {
  /** Resolves with the port. */
  async listen(way: Way): Promise<number> {
    if (way === 'limit') return listenAndCount(arrived)
    if (way === 'plain') return listenByHand(arrived)
    const stages = pipeline(
      'bench',
      lines(),
      json({ parse: way === 'headgate, keys' ? 'keys' : 'all' }),
      authenticate(byPolicy()),
      enrich({ site: 'turin' }),
      batch(),
      nullEndpoint(arrived),
    )
    const gateway = await serve(stages.with({ fuse: way !== 'headgate, unfused' }), { port: 0, host: '127.0.0.1' })
    return gateway.address.port
  },

  /** Resolves when so many messages have reached the end since the process began. */
  reached: (total: number): Promise<void> => arrivals.reached(total),

  start: (): void => clock.start(),

  /** As `reached`, with what was used since `start`. */
  async stop(total: number): Promise<Usage> {
    await arrivals.reached(total)
    return clock.stop()
  },

  count: (): number => arrivals.count,
}

/** What the line server process answers. */
export type LineServer = typeof lineServer

answer(lineServer)
