/** A number that a frame carries so that damage to its bytes shows. */
export interface Check {
  /** Named in errors. */
  readonly name: string
  /** Bytes of the number: 1 to 6. */
  readonly size: number
  /** The number for the bytes from index `from` up to, not including, `to`: an integer from 0 to 256 ** `size` - 1. */
  compute(bytes: Buffer, from: number, to: number): number
}

/** All bytes exclusive-ored into one; also called BCC. `name`: what errors call it. */
export function xor(name: string): Check {
  return {
    name,
    size: 1,
    compute(bytes, from, to) {
      let all = 0
      for (let at = from; at < to; at++) all ^= bytes[at] as number
      return all
    },
  }
}

/** The low 8 or 16 bits of the sum of all bytes. */
export function sum(bits: 8 | 16): Check {
  const mask = 2 ** bits - 1
  return { name: `sum${bits}`, size: bits / 8, compute: (bytes, from, to) => sumOf(bytes, from, to) & mask }
}

/** What makes the sum of all bytes and of itself end in 00: the two's complement of its low 8 bits. */
export const lrc: Check = {
  name: 'LRC',
  size: 1,
  compute: (bytes, from, to) => -sumOf(bytes, from, to) & 0xff,
}

function sumOf(bytes: Buffer, from: number, to: number): number {
  let all = 0
  for (let at = from; at < to; at++) all = (all + (bytes[at] as number)) & 0xffff
  return all
}
