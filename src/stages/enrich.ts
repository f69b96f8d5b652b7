import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import { noProperties, type Properties, type Telemetry, withProperties } from '../core/items.ts'
import type { Messages } from '../core/levels.ts'
import { type Outlet, type Stage, stage, type TurnStep } from '../core/stage.ts'

type Up = Messages['up']

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
  Object.freeze(fixed)
  // Nothing to add costs nothing.
  if (Object.keys(enrichments).length === 0) return stage<Messages, Messages>('enrich', () => ({}))
  if (computed.length === 0) {
    // The same step for all connections, which are told apart by nothing: it stays at hand however many there are. The same properties, too,
    // for all messages that have no others: what is made of them downstream is made once.
    const up = adding(({ properties }) => (properties === noProperties ? fixed : { ...properties, ...fixed }))
    const fixedOnly = { up }
    return stage<Messages, Messages>('enrich', () => fixedOnly)
  }
  // Singly, since each may throw.
  return stage<Messages, Messages>('enrich', (connection) => ({
    up: adding((item) => ({ ...item.properties, ...fixed, ...values(item, connection) })).push,
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

function adding(propertiesOf: (item: Telemetry) => Properties): TurnStep<Up, Up, Messages['down']> {
  const push = (item: Up, out: Outlet<Up, Messages['down']>) =>
    out.emit(item.kind === 'telemetry' ? withProperties(item, propertiesOf(item)) : item)
  return {
    push,
    pushAll(items, out) {
      for (const item of items) push(item, out)
      return items.length
    },
  }
}

/** An enrichment: the address that the device connects from. */
export function peerAddress(_message: Telemetry, connection: Connection): string {
  return connection.peer.address
}
