import { type Telemetry, telemetry } from '../../src/core/items.ts'
import { lineBlock, lineBytes } from './lines.ts'

/** Readings as a device's pipeline makes them: an id each, and otherwise alike. At most 655. */
export function hubStock(seed: number, count: number): readonly Telemetry[] {
  const block = lineBlock(seed, false)
  // One object for all, as enrich makes them.
  const properties = Object.freeze({ site: 'turin' })
  return Array.from({ length: count }, (_, index) => {
    const body = block.subarray(index * lineBytes, (index + 1) * lineBytes - 1)
    const messageId = `${1e6 + index}-0123456789ab`
    return telemetry(body, { messageId, properties, contentType: 'application/json', contentEncoding: 'utf-8' })
  })
}
