import { serve } from '../../src/gateway/serve.ts'
import { azureHttp } from '../../src/hub/azure-http.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'
import type { HubPlace } from './emulator.ts'

/** As {@link Usage}, with the most memory that the process ever held. */
export interface GatewayUsage extends Usage {
  readonly maxRssKiB: number
}

const clock = new UsageClock()

const gateway = {
  /** Serves jsonLines for the hub; resolves with the port. */
  async listen({ connectionString, ca }: HubPlace): Promise<number> {
    const hub = azureHttp(connectionString, { ca })
    const { address } = await serve(jsonLines(hub), { port: 0, host: '127.0.0.1' })
    return address.port
  },

  start: (): void => clock.start(),

  stop(): GatewayUsage {
    return { ...clock.stop(), maxRssKiB: process.resourceUsage().maxRSS }
  },
}

/** What the gateway process answers. */
export type GatewayProcess = typeof gateway

answer(gateway)
