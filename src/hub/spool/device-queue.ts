import type { Credentials, Identity } from '../../core/items.ts'
import type { HubSession } from '../port.ts'
import type { Pauses } from './pauses.ts'
import type { SpoolSession } from './session.ts'

/** A session of the hub within that a device's messages may go through now. */
export interface Way {
  readonly session: HubSession
  readonly identity: Identity
  /** The connected device's session that it belongs to; undefined for one that was opened for forwarding only. */
  readonly owner: SpoolSession | undefined
}

/** What is known of a device whose messages are being forwarded, or that is connected. The messages themselves are in the store. */
export class DeviceQueue {
  readonly deviceId: string
  /** Grows with failures in a row. */
  readonly pauses: Pauses
  /** Sessions of the device that are open, the latest last. */
  readonly sessions: SpoolSession[] = []
  /** Of the device's latest hello that was believed; in memory only. */
  credentials: Credentials | undefined
  /** A session that only sends, for a device that is gone. */
  own: Way | undefined
  /**
   * `idle`: nothing to forward, as far as is known; `ready`: waits for its turn; `running`: has it; `waiting`: until `notBefore`;
   * `parked`: until the device connects.
   */
  state: 'idle' | 'ready' | 'running' | 'waiting' | 'parked' = 'idle'
  /** Something happened while it was running: it is to have another turn. */
  again = false
  /** No send before, in milliseconds of `performance.now()`. */
  notBefore = 0
  /** The hub refused the device; until it accepts it again. */
  refused = false
  /** Messages of the next send: halved while the hub refuses whole batches, so that one bad message costs itself only. */
  limit: number
  timer: NodeJS.Timeout | undefined
  /** The session that a send is on its way through. */
  inUse: HubSession | undefined
  /** Sessions of connections that have ended, to be closed when nothing is on its way through them. */
  readonly leaving = new Set<HubSession>()

  constructor(deviceId: string, limit: number, pauses: Pauses) {
    this.deviceId = deviceId
    this.limit = limit
    this.pauses = pauses
  }

  get isForgettable(): boolean {
    return this.state === 'idle' && this.sessions.length === 0 && this.own === undefined
  }
}
