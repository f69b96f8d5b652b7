/** A coil or a discrete input: 1 is on. */
export type Bit = 0 | 1

/** Bits as Modbus packs them, eight a byte, the first in the least significant place. `count`: how many there are; default all. */
export function bitsOf(bytes: Buffer, count = 8 * bytes.length): Bit[] {
  const bits: Bit[] = []
  for (let at = 0; at < Math.min(count, 8 * bytes.length); at++) {
    bits.push((((bytes[at >> 3] as number) >> (at & 7)) & 1) as Bit)
  }
  return bits
}

/** The reverse of {@link bitsOf}; places that are not used are 0. */
export function bytesOfBits(bits: readonly Bit[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) {
    if (bit === 1) bytes[at >> 3] = (bytes[at >> 3] as number) | (1 << (at & 7))
  }
  return bytes
}
