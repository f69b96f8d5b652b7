import type { Pipeline } from '../../src/core/pipeline.ts'
import type { Hub } from '../../src/hub/port.ts'

/** What `headgate serve` runs in these tests; it takes the library from the same build as the program. */
const { jsonLines } = (await import(
  new URL('../../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts')

export default (hub: Hub): Pipeline => jsonLines(hub)
