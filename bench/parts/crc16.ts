const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let register = byte
  for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ 0xa001 : register >>> 1
  return register
})

/** CRC-16/MODBUS of the bytes from index `from` up to, not including, `to`, by hand: what stages compute is checked against it. */
export function crc16(bytes: Uint8Array, from: number, to: number): number {
  let register = 0xffff
  for (let at = from; at < to; at++) {
    register = (table[(register ^ (bytes[at] as number)) & 0xff] as number) ^ (register >>> 8)
  }
  return register
}
