import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../core/errors.ts'

/** HL7's names (table 0211) of the character sets that Node decodes, with the names that the rest of the world has for them. */
const encodings: Readonly<Record<string, string>> = {
  'UNICODE UTF-8': 'utf-8',
  '8859/1': 'iso-8859-1',
  '8859/2': 'iso-8859-2',
  '8859/3': 'iso-8859-3',
  '8859/4': 'iso-8859-4',
  '8859/5': 'iso-8859-5',
  '8859/6': 'iso-8859-6',
  '8859/7': 'iso-8859-7',
  '8859/8': 'iso-8859-8',
  '8859/9': 'windows-1254',
  '8859/15': 'iso-8859-15',
  'ISO IR87': 'iso-2022-jp',
  'GB 18030-2000': 'gb18030',
  'KS X 1001': 'euc-kr',
  'BIG-5': 'big5',
}

/** The text of a message, and the encoding that it was read in; null where its bytes are not of that one, or it is not known. */
export interface Hl7Text {
  readonly text: string
  readonly charset: string | null
}

/** Throws `CONFIGURATION` for a character set that is not known here. */
export function checkCharset(name: string): void {
  if (Object.hasOwn(encodings, name)) return
  const known = Object.keys(encodings).join(', ')
  throw new GatewayError('CONFIGURATION', `hl7: charset must be one of ${known}, not ${name}`)
}

/**
 * Reads the bytes of a message in the first character set that MSH-18 names (`ISO IR87` wherever it stands among them), or in `otherwise`
 * where it names none or `ASCII`. Nothing is lost: bytes that cannot be read so become a character each, as in ISO 8859-1, with `charset` null.
 */
export function textOf(bytes: Buffer, names: readonly string[], otherwise: string): Hl7Text {
  const [first = ''] = names
  const name = names.includes('ISO IR87') ? 'ISO IR87' : first === '' || first === 'ASCII' ? otherwise : first
  const asBytes = () => bytes.toString('latin1')
  if (!Object.hasOwn(encodings, name)) return { text: asBytes(), charset: null }
  const charset = encodings[name] as string
  // The iso-8859-1 of TextDecoder is windows-1252.
  if (charset === 'iso-8859-1') return { text: asBytes(), charset }
  // Far quicker than a TextDecoder, and most messages are.
  if (charset === 'utf-8')
    return isUtf8(bytes) ? { text: bytes.toString(), charset } : { text: asBytes(), charset: null }
  try {
    return { text: new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes), charset }
  } catch {
    return { text: asBytes(), charset: null }
  }
}
