/** Eight tables, so that eight bytes are taken at a time. */
const tables = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  tables[byte] = crc
}
for (let at = 256; at < 8 * 256; at++) {
  const before = tables[at - 256] as number
  tables[at] = (before >>> 8) ^ (tables[before & 255] as number)
}

/** CRC-32C (Castagnoli), which LevelDB has over its blocks and node:zlib does not have; an unsigned integer. */
export function crc32c(bytes: Buffer, from: number, to: number): number {
  const table = (which: number, byte: number) => tables[which * 256 + byte] as number
  let crc = -1
  let at = from
  for (; at + 8 <= to; at += 8) {
    const low = crc ^ bytes.readInt32LE(at)
    const high = bytes.readInt32LE(at + 4)
    crc =
      table(7, low & 255) ^
      table(6, (low >>> 8) & 255) ^
      table(5, (low >>> 16) & 255) ^
      table(4, low >>> 24) ^
      table(3, high & 255) ^
      table(2, (high >>> 8) & 255) ^
      table(1, (high >>> 16) & 255) ^
      table(0, high >>> 24)
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ table(0, (crc ^ (bytes[at] as number)) & 255)
  return ~crc >>> 0
}
