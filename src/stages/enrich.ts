import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Properties, Telemetry } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import { type Stage, stage } from '../core/stage.ts'

/** A property value, fixed or computed for each message; undefined leaves the property out. */
export type Enrichment = string | ((message: Telemetry, connection: Connection) => string | undefined)

/**
 * Adds properties to every message, as IoT Hub's own message enrichments do: they end up as hub message properties, where
 * routes can match them. What the gateway says overrides what the device says.
 */
export function enrich(enrichments: Readonly<Record<string, Enrichment>>): Stage<Messages, Messages> {
  const fixed: Record<string, string> = {}
  const computed: [string, Exclude<Enrichment, string>][] = []
  for (const [name, enrichment] of Object.entries(enrichments)) {
    if (typeof enrichment === 'string') fixed[name] = enrichment
    else if (typeof enrichment === 'function') computed.push([name, enrichment])
    else throw new GatewayError('CONFIGURATION', `enrich: ${name} is neither a string nor a function`)
  }
  return stage<Messages, Messages>('enrich', (connection) => ({
    up(item, out) {
      if (item.kind !== 'telemetry') {
        out.emit(item)
        return
      }
      out.emit({ ...item, properties: { ...item.properties, ...fixed, ...values(item, connection) } })
    },
  }))

  function values(item: Telemetry, connection: Connection): Properties {
    const found: Record<string, string> = {}
    for (const [name, enrichment] of computed) {
      const value = enrichment(item, connection)
      if (value !== undefined) found[name] = value
    }
    return found
  }
}

/** An enrichment: the address that the device connects from. */
export function peerAddress(_message: Telemetry, connection: Connection): string {
  return connection.peer.address
}
