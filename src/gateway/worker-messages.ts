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
  /** Devices that came and left, as `pipeline/device`, in the order in which they did. */
  | { readonly headgate: 'devices'; readonly changes: readonly (readonly ['came' | 'left', string])[] }

/** What the primary tells a worker. */
export type ToWorker =
  | { readonly headgate: 'measure'; readonly id: number }
  | { readonly headgate: 'drain'; readonly deadlineMs: number }
  /** Devices that have connected to another worker. */
  | { readonly headgate: 'elsewhere'; readonly devices: readonly string[] }

/** True for a message of ours, rather than of prom-client or of the user's program. */
export function isOurs(message: unknown): message is FromWorker | ToWorker {
  return typeof message === 'object' && message !== null && 'headgate' in message
}
