import { hash } from 'node:crypto'

/**
 * Twelve hexadecimal digits that tell bytes from other bytes, for message ids: the same for a frame that is sent again. Not a proof
 * against forgery.
 */
export function frameDigest(bytes: Uint8Array): string {
  return hash('sha1', bytes, 'hex').slice(0, 12)
}
