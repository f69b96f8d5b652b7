import type { EventEmitter } from 'node:events'
import type { DeviceState } from './device-speech.ts'

/**
 * How a report fared: acknowledged, refused, not known because the connection ended, or written where the protocol has no
 * answer.
 */
export type Acknowledgement = 'acked' | 'nacked' | 'lost' | 'written'

/** A simulated device as a fleet drives it. */
export interface FleetDevice extends EventEmitter<{ command: [id: string]; polled: []; end: [] }> {
  /** True where it is asked and never reports by itself. */
  readonly isPolled: boolean
  readonly protocolErrors: number
  readonly resent: number
  /** How many messages its reports become at the hub. */
  readonly readings: number
  connect(): Promise<void>
  report(state: DeviceState): Promise<Acknowledgement>
  end(): Promise<void>
  destroy(): void
}
