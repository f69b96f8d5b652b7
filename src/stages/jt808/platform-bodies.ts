import { bytes } from '../struct/blob.ts'
import { u8 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { text } from '../struct/text.ts'

/** A text to be shown or spoken, 0x8300, before 2019. */
export const textFields = struct('text', { flag: u8, text: text(rest, { encoding: 'gbk' }) })

/** The same of 2019. */
export const textFields2019 = struct('text', { flag: u8, text_type: u8, text: text(rest, { encoding: 'gbk' }) })

/** Terminal control, 0x8105. */
export const controlFields = struct('terminalControl', {
  command: u8,
  parameters_text: text(rest, { encoding: 'gbk' }),
})

/** Bytes of somebody else's protocol, 0x0900 and 0x8900. */
export const transparentFields = struct('transparent', { transparent_type: u8, data: bytes(rest) })
