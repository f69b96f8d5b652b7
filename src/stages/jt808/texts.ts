import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { text } from '../struct/text.ts'

const gbkText = struct('gbkText', { text: text(rest, { encoding: 'gbk' }) })

/**
 * A text of the standard: GBK, filled up with zeros at its end (and in the field at its beginning). `hex` has the bytes where the text
 * does not show them all.
 */
export function readText(bytes: Buffer): { readonly text: string; readonly hex: string | undefined } {
  const trimmed = withoutZeros(bytes)
  try {
    return { text: gbkText.decode(trimmed).text, hex: undefined }
  } catch {
    return { text: trimmed.toString('latin1'), hex: bytes.toString('hex') }
  }
}

/** GBK bytes. `BAD_CONTENT` for characters that GBK does not have. */
export function writeText(value: string): Buffer {
  return gbkText.encode({ text: value })
}

function withoutZeros(bytes: Buffer): Buffer {
  let from = 0
  let to = bytes.length
  while (to > 0 && bytes[to - 1] === 0) to--
  while (from < to && bytes[from] === 0) from++
  return bytes.subarray(from, to)
}
