import { array } from '../struct/array.ts'
import { bytes, hex } from '../struct/blob.ts'
import { countOf } from '../struct/derived.ts'
import type { Field } from '../struct/field.ts'
import { u8, u32 } from '../struct/integers.ts'
import { field, rest } from '../struct/size.ts'
import { sized } from '../struct/sized.ts'
import { struct } from '../struct/struct.ts'
import { on, union } from '../struct/union.ts'

/** Messages of which each says its type and how many bytes it has. */
function messages<T>(content: Field<T, 'value'>) {
  return struct('messages', {
    count: countOf('messages', u8),
    messages: array(struct('message', { type: u8, content: sized(u32, content) }), field('count')),
    repeated_count: countOf('messages', u8),
  })
}

/**
 * Commands to Teltonika trackers, their answers, and bytes of their serial ports: the L bytes between the length and the CRC, codecs 12
 * to 15.
 *
 * ```
 * 0C 01 │ 05    00 00 00 07  67 65 74 69 6E 66 6F │ 01        getinfo
 * codec │ type  size         text                 │ count
 * ```
 * Type 05 asks, 06 answers, 11 (codec 14) says that the IMEI is not the device's, 0B (codec 15) are bytes of a serial port. An IMEI is 16
 * hexadecimal digits, a 0 and its own 15.
 * Source: Teltonika, FMB1YX Protocols V0.15 and the wiki page Teltonika Data Sending Protocols.
 */
export const teltonikaMessages = struct('teltonikaMessages', {
  data: union(u8, {
    codec12: on(0x0c, messages(struct('content', { payload: bytes(rest) }))),
    codec13: on(0x0d, messages(struct('content', { timestamp_s: u32, payload: bytes(rest) }))),
    codec14: on(0x0e, messages(struct('content', { imei: hex(8), payload: bytes(rest) }))),
    codec15: on(0x0f, messages(struct('content', { timestamp_s: u32, imei: hex(8), payload: bytes(rest) }))),
  }),
})
