import { bit, bits, uintBits } from '../struct/bits.ts'
import { bytes, hex } from '../struct/blob.ts'
import { is } from '../struct/condition.ts'
import { either } from '../struct/either.ts'
import { u8, u16 } from '../struct/integers.ts'
import { field, rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { when } from '../struct/when.ts'

const attributes = bits({
  reserved: bit,
  version2019: bit,
  subpackage: bit,
  encryption: uintBits(3),
  body_length: uintBits(10),
})

const header = {
  id: u16,
  attributes,
  protocol_version: when(is('attributes.version2019', true), u8),
  terminal_id: either(is('attributes.version2019', true), hex(10), hex(6)),
  serial: u16,
  subpackage: when(is('attributes.subpackage', true), struct('subpackage', { total: u16, index: u16 })),
}

/**
 * A JT/T 808 message, unescaped and without its check byte: the header of 2011, 2013 and 2019, and the body.
 *
 * ```
 * 02 00 │ 40 1C │ 01 │ 00 00 00 00 01 72 99 84 17 38 │ 00 00 │ (00 02 00 01) │ …
 * id      attributes    terminal id, 6 bytes before 2019  serial   total, index   body
 *               └ version, 2019 only                               of a sub-package
 * ```
 * The terminal id is hexadecimal because in the field it is not always the BCD that the standard says.
 *
 * Source: JT/T 808-2011, 808-2013, 808-2019, as implemented by SmallChi/JT808 and go-jt808.
 */
export const jt808Message = struct('jt808Message', { ...header, body: bytes(field('attributes.body_length')) })

/** As {@link jt808Message}, but `body` is whatever follows the header: for who answers a message whose length is wrong. */
export const jt808Frame = struct('jt808Frame', { ...header, body: bytes(rest) })
