import type { AddressInfo } from 'node:net'

/** Where a pipeline listens. */
export interface ListeningAddress {
  readonly pipeline: string
  readonly address: AddressInfo
}

/** What a worker tells the primary. */
export type FromWorker =
  | { readonly headgate: 'listening'; readonly addresses: readonly ListeningAddress[] }
  | { readonly headgate: 'failed'; readonly code: string; readonly message: string }
  /** The answer to `measure`: what prom-client makes of its registries. */
  | { readonly headgate: 'measured'; readonly id: number; readonly metrics: readonly object[] }
  | { readonly headgate: 'devices'; readonly changes: readonly DeviceChange[] }

/** A device, as `pipeline/device`, that came, and since when (microseconds of the machine's monotonic clock), or left. */
export type DeviceChange = readonly ['came', string, number] | readonly ['left', string]

/** What the primary tells a worker. */
export type ToWorker =
  | { readonly headgate: 'measure'; readonly id: number }
  | { readonly headgate: 'drain'; readonly deadlineMs: number }
  /** Devices that have connected to another worker, and since when. */
  | { readonly headgate: 'elsewhere'; readonly devices: readonly (readonly [string, number])[] }

/** True for a message of ours, rather than of prom-client or of the user's program. */
export function isOurs(message: unknown): message is FromWorker | ToWorker {
  return typeof message === 'object' && message !== null && 'headgate' in message
}
