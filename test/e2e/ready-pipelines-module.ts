import type { Service } from '../../src/gateway/serve.ts'
import type { Hub } from '../../src/hub/port.ts'

/** All ready pipelines, each on a port of its own that the system chooses; what `headgate serve` runs in these tests. */
const { readyProtocols } = (await import(
  new URL('../../../dist/cli/ready-protocols.js', import.meta.url).href
)) as typeof import('../../src/cli/ready-protocols.ts')

export default (hub: Hub): readonly Service[] =>
  readyProtocols.map((protocol) => ({ pipeline: protocol.simulated(hub), port: 0 }))
