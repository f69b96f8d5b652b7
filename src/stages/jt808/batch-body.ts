import { GatewayError } from '../../core/errors.ts'
import { array } from '../struct/array.ts'
import { bytes } from '../struct/blob.ts'
import { countOf } from '../struct/derived.ts'
import { u8, u16 } from '../struct/integers.ts'
import { field } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'

/** Each becomes a message many times its size, all at once: a joined batch of a hostile terminal could hold ten thousand. */
const mostLocations = 1024

/** Locations that come together, 0x0704, each still encoded. */
export interface LocationBatch {
  /** 0: as they were taken; 1: kept while there was no connection. */
  readonly batch_type: number
  readonly items: readonly Buffer[]
}

const batch = struct('locationBatch', {
  count: countOf('items', u16),
  batch_type: u8,
  items: array(bytes(u16), field('count')),
})

/**
 * Takes a batch apart.
 *
 * ```
 * 00 02 │ 01 │ 00 1C  28 bytes of a location │ 00 26  38 bytes
 * count   type   length
 * ```
 * `BAD_CONTENT` where count and lengths do not end with the bytes, and for more than 1024 of them.
 */
export function decodeBatch(body: Buffer): LocationBatch {
  const count = body.length < 2 ? 0 : body.readUInt16BE(0)
  if (count > mostLocations) {
    throw new GatewayError('BAD_CONTENT', `a batch of ${count} locations exceeds the limit of ${mostLocations}`)
  }
  try {
    return batch.decode(body)
  } catch (cause) {
    const text = `a batch of ${body.length} bytes is not the ${count} locations that it counts`
    throw new GatewayError('BAD_CONTENT', text, { cause })
  }
}

/** Puts a batch together. */
export function encodeBatch(locations: LocationBatch): Buffer {
  return batch.encode({ ...locations, items: [...locations.items] })
}
