import type { Authenticator } from '../stages/authenticate.ts'
import type { BatchOptions } from '../stages/batch.ts'
import type { Enrichment } from '../stages/enrich.ts'
import type { HubOptions } from '../stages/hub.ts'

/** Options that all ready pipelines have. */
export interface DeviceOptions {
  /** How devices are known; default `byPolicy()`: the gateway's hub policy speaks for any device that names itself. */
  readonly authenticator?: Authenticator
  /** Properties to add to every message. */
  readonly enrichments?: Readonly<Record<string, Enrichment>>
  readonly batch?: BatchOptions
  readonly hub?: HubOptions
  /** Also puts what only frames a message into its body, such as start marks, lengths and checksums; default false. */
  readonly envelope?: boolean
  /** Sends heartbeats up as telemetry too, of type `heartbeat`; default false where they carry no data. */
  readonly heartbeats?: boolean
}
