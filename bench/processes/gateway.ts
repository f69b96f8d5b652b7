import { serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import { retry } from '../../src/hub/retry.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { jsonArray, newlineJoined } from '../../src/stages/packing.ts'
import { GatewayRecorder, type Recorded } from '../parts/gateway-recorder.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

/** What a scenario wants other than usual. */
export interface GatewayPlan {
  /** Readings in one message. */
  readonly pack?: 'json' | 'lines'
  /** Tries again what the hub fails. */
  readonly retries?: boolean
  /** Readings are parsed, or looked through, which is what nobody's asking for their values comes to. */
  readonly parse?: 'all' | 'keys'
  /** Its metrics are exposed every second, as a Prometheus that scrapes it would have it do. */
  readonly scraped?: boolean
}

const scrapeMs = 1000
const packings = { json: jsonArray, lines: newlineJoined }
const clock = new UsageClock()
let recorder: GatewayRecorder | undefined

const gateway = {
  /** Serves jsonLines for the hub; resolves with the port. */
  async listen({ connectionString, ca }: HubPlace, plan: GatewayPlan = {}): Promise<number> {
    const to = azureHttp(connectionString, { ca })
    const batch = plan.pack === undefined ? {} : { pack: packings[plan.pack]() }
    const parse = plan.parse === undefined ? {} : { parse: plan.parse }
    const served = await serve(jsonLines(plan.retries ? retry(to) : to, { batch, ...parse }), {
      port: 0,
      host: '127.0.0.1',
    })
    recorder = new GatewayRecorder(served.metrics)
    if (plan.scraped) setInterval(() => void served.metrics.expose(), scrapeMs)
    return served.address.port
  },

  /** Samples itself from now on. */
  record: (everyMs: number): void => recorder?.start(everyMs),

  /** What it saw of itself; ends the sampling. */
  recorded: (): Recorded | undefined => recorder?.stop(),

  start: (): void => clock.start(),

  stop: (): Usage => clock.stop(),
}

/** What the gateway process answers. */
export type GatewayProcess = typeof gateway

answer(gateway)
