import { bit, bits, uintBits } from '../struct/bits.ts'
import { bytes, hex } from '../struct/blob.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { extraBytes, extraHex, type Gt06Layout, layout } from './layout.ts'
import type { Gt06Login } from './messages.ts'

const types = [0x01]

const withZone = layout({
  kind: 'login',
  types,
  of: struct('login', {
    imei: hex(8),
    type_code: hex(2),
    timezone: bits({ hours_and_minutes: uintBits(12), west: bit, language: uintBits(3) }),
    extra: bytes(rest),
  }),
  fits: (content) => content.length >= 12,
  body: ({ imei, type_code, timezone, extra }, content): Gt06Login => ({
    kind: 'login',
    imei: imeiOf(imei),
    type_code_hex: type_code,
    timezone_language_hex: content.toString('hex', 10, 12),
    utc_offset_minutes: offsetOf(timezone),
    ...extraHex(extra),
  }),
  says: (body) => body.type_code_hex !== undefined && body.timezone_language_hex !== undefined,
  value: (body) => ({
    imei: body.imei.padStart(16, '0'),
    type_code: body.type_code_hex as string,
    timezone: timezoneOf(Number.parseInt(body.timezone_language_hex as string, 16)),
    extra: extraBytes(body),
  }),
})

const withType = layout({
  kind: 'login',
  types,
  of: struct('login', { imei: hex(8), type_code: hex(2), extra: bytes(rest) }),
  fits: (content) => content.length >= 10,
  body: ({ imei, type_code, extra }): Gt06Login => ({
    kind: 'login',
    imei: imeiOf(imei),
    type_code_hex: type_code,
    ...extraHex(extra),
  }),
  says: (body) => body.type_code_hex !== undefined,
  value: (body) => ({
    imei: body.imei.padStart(16, '0'),
    type_code: body.type_code_hex as string,
    extra: extraBytes(body),
  }),
})

const imeiOnly = layout({
  kind: 'login',
  types,
  of: struct('login', { imei: hex(8), extra: bytes(rest) }),
  fits: (content) => content.length >= 8,
  body: ({ imei, extra }): Gt06Login => ({ kind: 'login', imei: imeiOf(imei), ...extraHex(extra) }),
  value: (body) => ({ imei: body.imei.padStart(16, '0'), extra: extraBytes(body) }),
})

/**
 * Logins.
 *
 * ```
 * 01 23 45 67 89 01 23 45 │ 20 20 │ 32 01
 * IMEI, a 0 before it       model   bits 15–4 hours and minutes as one decimal number (0x320 = 8:00), 3 west of Greenwich, 1–0 language
 * ```
 * Source: Concox GT06 v1.8.1, 5.1 (IMEI only); JM-VL03 V1.1.2, 1.
 */
export const loginLayouts: readonly Gt06Layout[] = [withZone, withType, imeiOnly]

function imeiOf(digits: string): string {
  return digits.startsWith('0') ? digits.slice(1) : digits
}

interface Timezone {
  readonly hours_and_minutes: number
  readonly west: boolean
  readonly language: number
}

function offsetOf({ hours_and_minutes, west }: Timezone): number {
  const minutes = Math.floor(hours_and_minutes / 100) * 60 + (hours_and_minutes % 100)
  return west && minutes > 0 ? -minutes : minutes
}

function timezoneOf(word: number): Timezone {
  return { hours_and_minutes: word >> 4, west: (word & 8) !== 0, language: word & 7 }
}
