import type { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Report, Telemetry } from '../core/items.ts'
import { type Packing, packReadings } from './packing.ts'

/** The readings of each packed message that has no receipt yet. */
export type Packs = Map<Telemetry | Report, readonly Telemetry[]>

/**
 * What is sent for what was collected: neighbouring readings packed, everything else in its place. Readings that cannot be packed stay in
 * theirs, refused. Called by `batch`.
 */
export function packed(
  collected: readonly (Telemetry | Report)[],
  how: Packing,
  packs: Packs,
  connection: Connection,
): (Telemetry | Report)[] {
  const messages: (Telemetry | Report)[] = []
  let together: Telemetry[] = []
  const close = () => {
    try {
      for (const { message, readings } of packReadings(together, how)) {
        messages.push(message)
        // Their bytes are in the message; what is owed to them is a receipt.
        if (message !== readings[0]) packs.set(message, readings.map(withoutContent))
      }
    } catch (thrown) {
      // A user's function, called from a timer: its defect is this connection's, not the process's.
      const error = GatewayError.from(thrown, 'batch.up')
      for (const reading of together) {
        reading.refused = error
        messages.push(reading)
      }
      connection.refused(error, together)
    }
    together = []
  }
  for (const item of collected) {
    if (item.kind === 'telemetry' && item.refused === undefined && !item.alreadyAccepted) together.push(item)
    else {
      close()
      messages.push(item)
    }
  }
  close()
  return messages
}

const nothing = Buffer.alloc(0)

/** A reading of which only the receipt is still owed: a copy, since the other may be kept by whoever gets the dead letters. */
export function withoutContent(reading: Telemetry): Telemetry {
  return { ...reading, value: undefined, body: nothing, properties: {} }
}
