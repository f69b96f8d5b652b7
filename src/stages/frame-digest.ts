import { hash } from 'node:crypto'

/**
 * Twelve hexadecimal digits that tell bytes from other bytes, for message ids: the same for a frame that is sent again. Not a proof
 * against forgery. A text stands for its bytes in UTF-8.
 */
export function frameDigest(frame: Uint8Array | string): string {
  return hash('sha1', frame, 'hex').slice(0, 12)
}
