import { GatewayError } from '../core/errors.ts'
import { type Check, lrc, sum, xor } from './check.ts'
import { type CrcParameters, crc } from './crc.ts'

/**
 * The checks that have a name. CRCs as in the reveng catalogue, which also calls them CRC-8/SMBUS (`CRC-8`), IBM-SDLC (`X-25`), IBM-3740
 * (`CCITT-FALSE`), ISO-HDLC (`CRC-32`) and ISCSI (`CRC-32C`). `XOR`: also called BCC. `sum8`, `sum16`: the low bits of the sum. `LRC`: the two's
 * complement of `sum8`, as in Modbus ASCII. `NMEA`: the XOR of an NMEA 0183 sentence.
 */
export type CheckKind = keyof typeof kinds

const crc8 = { width: 8, reflectIn: false, reflectOut: false } as const
const straight16 = { width: 16, reflectIn: false, reflectOut: false } as const
const reflected16 = { width: 16, reflectIn: true, reflectOut: true } as const
const reflected32 = { width: 32, reflectIn: true, reflectOut: true, init: 0xffffffff, xorOut: 0xffffffff } as const

const kinds = {
  'CRC-8': { ...crc8, poly: 0x07, init: 0, xorOut: 0 },
  'CRC-16/ARC': { ...reflected16, poly: 0x8005, init: 0, xorOut: 0 },
  'CRC-16/MODBUS': { ...reflected16, poly: 0x8005, init: 0xffff, xorOut: 0 },
  'CRC-16/X-25': { ...reflected16, poly: 0x1021, init: 0xffff, xorOut: 0xffff },
  'CRC-16/CCITT-FALSE': { ...straight16, poly: 0x1021, init: 0xffff, xorOut: 0 },
  'CRC-16/XMODEM': { ...straight16, poly: 0x1021, init: 0, xorOut: 0 },
  'CRC-16/KERMIT': { ...reflected16, poly: 0x1021, init: 0, xorOut: 0 },
  'CRC-16/DNP': { ...reflected16, poly: 0x3d65, init: 0, xorOut: 0xffff },
  'CRC-32': { ...reflected32, poly: 0x04c11db7 },
  'CRC-32C': { ...reflected32, poly: 0x1edc6f41 },
  XOR: xor('XOR'),
  sum8: sum(8),
  sum16: sum(16),
  LRC: lrc,
  NMEA: xor('NMEA'),
} as const satisfies Record<string, CrcParameters | Check>

/** The check of that name. `CONFIGURATION`, with the names that there are, for any other. */
export function checkOf(kind: CheckKind): Check {
  if (!Object.hasOwn(kinds, kind)) {
    throw new GatewayError(
      'CONFIGURATION',
      `checksum: kind must be one of ${Object.keys(kinds).join(', ')}, not ${kind}`,
    )
  }
  const made: CrcParameters | Check = kinds[kind]
  return 'compute' in made ? made : crc({ name: kind, ...made })
}
