import { createHash } from 'node:crypto'

/**
 * Twelve hexadecimal digits that tell bytes from other bytes, for message ids: the same for a frame that is sent again. Not a proof
 * against forgery.
 */
export function frameDigest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 12)
}
