import { type Pipeline, pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { type Authenticator, authenticate } from '../stages/authenticate.ts'
import { fromHello } from '../stages/authenticators.ts'
import { type BatchOptions, batch } from '../stages/batch.ts'
import { type Enrichment, enrich } from '../stages/enrich.ts'
import { type HubOptions, hub } from '../stages/hub.ts'
import { json } from '../stages/json.ts'
import { lines } from '../stages/lines.ts'

/** Options of {@link jsonLines}. */
export interface JsonLinesOptions {
  /** Longest line in bytes; default 8192. */
  readonly maxLength?: number
  /**
   * Whether readings are made values of, or only looked through; see `json`. Default: `all` where an enrichment is computed, which may look into
   * `value`, else `keys`, since nobody does.
   */
  readonly parse?: 'all' | 'keys'
  /** How devices are known; default {@link fromHello}: each brings its key or token. */
  readonly authenticator?: Authenticator
  /** Properties to add to every message. */
  readonly enrichments?: Readonly<Record<string, Enrichment>>
  readonly batch?: BatchOptions
  readonly hub?: HubOptions
}

/** JSON objects, one a line, acknowledged by sequence number: the protocol that `headgate demo` speaks; {@link json} has its wire. */
export function jsonLines(to: Hub, options: JsonLinesOptions = {}): Pipeline {
  const enrichments = options.enrichments ?? {}
  const parse = Object.values(enrichments).some((each) => typeof each === 'function') ? 'all' : 'keys'
  return pipeline(
    'jsonLines',
    lines({ maxLength: options.maxLength ?? 8192 }),
    json({ parse: options.parse ?? parse }),
    authenticate(options.authenticator ?? fromHello()),
    enrich(enrichments),
    batch(options.batch),
    hub(to, options.hub),
  )
}
