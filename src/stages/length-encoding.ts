/** How a length stands in its bytes; for the framings that read and write lengths. */
export interface LengthEncoding {
  /** The length, or NaN where the bytes are none. */
  read(bytes: Buffer, at: number, size: number): number
  write(bytes: Buffer, length: number, at: number, size: number): void
  /** Lengths from this one on do not fit into `size` bytes. */
  limit(size: number): number
}

/** An unsigned integer, most significant byte first. */
export const bigEndian: LengthEncoding = {
  read(bytes, at, size) {
    // By index: what Node's method checks again has been checked.
    if (size === 2) return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    return size === 8 ? Number(bytes.readBigUInt64BE(at)) : bytes.readUIntBE(at, size)
  },
  write(bytes, length, at, size) {
    if (size === 8) bytes.writeBigUInt64BE(BigInt(length), at)
    else bytes.writeUIntBE(length, at, size)
  },
  limit: (size) => 256 ** size,
}

/** An unsigned integer, least significant byte first. */
export const littleEndian: LengthEncoding = {
  read: (bytes, at, size) => (size === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, size)),
  write(bytes, length, at, size) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(length), at)
    else bytes.writeUIntLE(length, at, size)
  },
  limit: (size) => 256 ** size,
}

/** Digits in ASCII; hex in either case, written in capitals. */
export function digits(base: 10 | 16): LengthEncoding {
  return {
    read(bytes, at, size) {
      let length = 0
      for (let index = at; index < at + size; index++) length = length * base + digitOf(bytes[index] as number, base)
      return length
    },
    write: (bytes, length, at, size) => {
      bytes.write(length.toString(base).toUpperCase().padStart(size, '0'), at, 'latin1')
    },
    limit: (size) => base ** size,
  }
}

/** What a digit in ASCII stands for, or NaN. */
export function digitOf(byte: number, base: 10 | 16): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return base === 16 && letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

/** Two decimal digits a byte. */
export const bcd: LengthEncoding = {
  read(bytes, at, size) {
    let length = 0
    for (let index = at; index < at + size; index++) {
      const byte = bytes[index] as number
      if (byte >> 4 > 9 || (byte & 15) > 9) return Number.NaN
      length = length * 100 + (byte >> 4) * 10 + (byte & 15)
    }
    return length
  },
  write: (bytes, length, at, size) => {
    bytes.write(length.toString().padStart(2 * size, '0'), at, 'hex')
  },
  limit: (size) => 100 ** size,
}
