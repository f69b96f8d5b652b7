import { GatewayError } from '../../core/errors.ts'
import { type Annotation, annotationText } from '../struct/annotation.ts'
import { textOf } from './charset.ts'
import { type Hl7Header, readHeader } from './header.ts'
import { segmentsOf } from './segments.ts'

/**
 * The annotated dump of MLLP blocks, or of one message that was pasted without block characters: a line for each field that is not empty,
 * by HL7's numbers; `OBX[2]-5` is field 5 of the second OBX. Separators have no lines. Throws `BAD_CONTENT` where there is neither.
 */
export function annotateBlocks(bytes: Buffer): string {
  if (!bytes.includes(startBlock)) return annotateBare(bytes)
  const rows: Annotation[] = []
  let unended = false
  for (let at = 0; at < bytes.length; ) {
    const next = placeOf(bytes, startBlock, at + 1)
    if (bytes[at] !== startBlock) {
      rows.push(rowOf(bytes, at, next, 'between blocks', undefined))
      at = next
      continue
    }
    const end = Math.min(placeOf(bytes, endBlock, at + 1), next)
    rows.push(rowOf(bytes, at, at + 1, 'start block', undefined), ...rowsOfMessage(bytes, at + 1, end))
    unended = end === next
    if (!unended) rows.push(rowOf(bytes, end, end + endBlock.length, 'end block', undefined))
    at = unended ? next : end + endBlock.length
  }
  const error = new GatewayError('FRAME_UNTERMINATED', 'the last block has no end')
  return annotationText(bytes, rows, unended ? error : undefined)
}

function annotateBare(bytes: Buffer): string {
  if (readHeader(bytes.toString('latin1')) === undefined) {
    throw new GatewayError('BAD_CONTENT', `there is neither a block nor a message in ${bytes.length} bytes`)
  }
  return annotationText(bytes, rowsOfMessage(bytes, 0, bytes.length), undefined)
}

const startBlock = 0x0b
const endBlock = Buffer.of(0x1c, 0x0d)

function placeOf(bytes: Buffer, mark: number | Buffer, from: number): number {
  const place = bytes.indexOf(mark, from)
  return place < 0 ? bytes.length : place
}

function rowsOfMessage(bytes: Buffer, from: number, to: number): Annotation[] {
  const text = bytes.toString('latin1', from, to)
  const header = readHeader(text)
  if (header === undefined) return from < to ? [rowOf(bytes, from, to, 'no HL7 message', undefined)] : []
  const seen = new Map<string, number>()
  return segmentsOf(text, header.fieldSeparator).flatMap(({ name, line, offset }) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return rowsOfSegment(bytes, from + offset, line, count === 1 ? name : `${name}[${count}]`, header)
  })
}

function rowsOfSegment(bytes: Buffer, from: number, line: string, path: string, header: Hl7Header): Annotation[] {
  const rows: Annotation[] = []
  // MSH-1 is the separator itself.
  const first = path.startsWith('MSH') ? 1 : 0
  let at = from
  line.split(header.fieldSeparator).forEach((field, index) => {
    const to = at + field.length
    if (index === 0 && field !== '') rows.push(rowOf(bytes, at, to, path, header))
    if (index === 1 && first === 1) rows.push(rowOf(bytes, at - 1, at, `${path}-1`, header))
    if (index > 0 && field !== '') rows.push(rowOf(bytes, at, to, `${path}-${index + first}`, header))
    at = to + 1
  })
  return rows
}

function rowOf(bytes: Buffer, from: number, to: number, path: string, header: Hl7Header | undefined): Annotation {
  const field = bytes.subarray(from, to)
  const named = header?.fields[18]?.split(header.encodingCharacters.charAt(1) || '~') ?? []
  const value = header === undefined ? undefined : textOf(field, named, 'UNICODE UTF-8').text
  return { offset: from, bytes: field, path, value, unit: undefined }
}
