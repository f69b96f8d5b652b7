/**
 * Twelve hexadecimal digits that tell bytes from other bytes, for message ids: the same for a frame that is sent again. The first 48 bits of
 * MurmurHash3_x86_128 with seed 0 (Austin Appleby, smhasher). Not a proof against forgery. A text stands for its bytes in UTF-8.
 */
export function frameDigest(frame: Uint8Array | string): string {
  putDigest(typeof frame === 'string' ? Buffer.from(frame) : frame, unitsOfDigest, 0)
  return String.fromCharCode(...unitsOfDigest)
}

/** How many digits a digest has. */
export const digestLength = 12

const unitsOfDigest = new Array<number>(digestLength).fill(0)

const digits = Buffer.from('0123456789abcdef')

const c1 = 0x239b961b
const c2 = 0xab0e9789
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93

/**
 * As {@link frameDigest}, but writes its digits as UTF-16 units, from `place` on. Called by who puts a text together of more than these.
 *
 * Four lanes of 32 bits take turns at words, little-endian, and are mixed in the end. The words are written out, since whether a call is
 * made one with its caller is the engine's choice, and where it is not this takes three times as long.
 */
export function putDigest(bytes: Uint8Array, units: number[], place: number): void {
  const whole = bytes.length & ~0xf
  let h1 = 0
  let h2 = 0
  let h3 = 0
  let h4 = 0
  let k = 0
  for (let at = 0; at < whole; at += 16) {
    k =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    k = Math.imul(k, c1)
    h1 ^= Math.imul((k << 15) | (k >>> 17), c2)
    h1 = (((h1 << 19) | (h1 >>> 13)) + h2) | 0
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0
    k =
      (bytes[at + 4] as number) |
      ((bytes[at + 5] as number) << 8) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 24)
    k = Math.imul(k, c2)
    h2 ^= Math.imul((k << 16) | (k >>> 16), c3)
    h2 = (((h2 << 17) | (h2 >>> 15)) + h3) | 0
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0
    k =
      (bytes[at + 8] as number) |
      ((bytes[at + 9] as number) << 8) |
      ((bytes[at + 10] as number) << 16) |
      ((bytes[at + 11] as number) << 24)
    k = Math.imul(k, c3)
    h3 ^= Math.imul((k << 17) | (k >>> 15), c4)
    h3 = (((h3 << 15) | (h3 >>> 17)) + h4) | 0
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0
    k =
      (bytes[at + 12] as number) |
      ((bytes[at + 13] as number) << 8) |
      ((bytes[at + 14] as number) << 16) |
      ((bytes[at + 15] as number) << 24)
    k = Math.imul(k, c4)
    h4 ^= Math.imul((k << 18) | (k >>> 14), c1)
    h4 = (((h4 << 13) | (h4 >>> 19)) + h1) | 0
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0
  }
  // What is left counts as followed by zeros, and a word of zeros changes nothing.
  h1 ^= Math.imul(rotated(Math.imul(wordOfRest(bytes, whole), c1), 15), c2)
  h2 ^= Math.imul(rotated(Math.imul(wordOfRest(bytes, whole + 4), c2), 16), c3)
  h3 ^= Math.imul(rotated(Math.imul(wordOfRest(bytes, whole + 8), c3), 17), c4)
  h4 ^= Math.imul(rotated(Math.imul(wordOfRest(bytes, whole + 12), c4), 18), c1)
  h1 ^= bytes.length
  h2 ^= bytes.length
  h3 ^= bytes.length
  h4 ^= bytes.length
  h1 = (h1 + h2 + h3 + h4) | 0
  const mixed1 = mixed(h1)
  const mixed2 = mixed((h2 + h1) | 0)
  const sum = (mixed1 + mixed2 + mixed((h3 + h1) | 0) + mixed((h4 + h1) | 0)) | 0
  // Asking a number for its hexadecimal digits takes five times as long.
  for (let at = 0; at < 8; at++) units[place + at] = digits[(sum >>> (28 - 4 * at)) & 0xf] as number
  const second = (mixed2 + sum) | 0
  for (let at = 0; at < 4; at++) units[place + 8 + at] = digits[(second >>> (28 - 4 * at)) & 0xf] as number
}

function wordOfRest(bytes: Uint8Array, from: number): number {
  let made = 0
  for (let at = Math.min(from + 4, bytes.length) - 1; at >= from; at--) made = (made << 8) | (bytes[at] as number)
  return made
}

function rotated(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by))
}

function mixed(lane: number): number {
  let bits = lane ^ (lane >>> 16)
  bits = Math.imul(bits, 0x85ebca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
