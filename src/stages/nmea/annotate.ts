import { GatewayError } from '../../core/errors.ts'
import { type Annotation, annotationText } from '../struct/annotation.ts'
import { decodeAis } from './ais-messages.ts'
import { partOf } from './readings.ts'
import { isAis, readSentence, type Sentence } from './sentence.ts'
import { said } from './sentence-types.ts'

/** The table of each line: its address, its fields as they stand there, its checksum, then what they mean. Throws where there is no line. */
export function annotateSentences(bytes: Buffer): string {
  const lines = bytes
    .toString('latin1')
    .split(/\r?\n/)
    .filter((line) => line !== '')
  if (lines.length === 0) throw new GatewayError('BAD_CONTENT', `there is no line in ${bytes.length} bytes`)
  return lines.map(annotated).join('\n')
}

function annotated(line: string): string {
  const frame = Buffer.from(line, 'latin1')
  try {
    const sentence = readSentence(line, { requireChecksum: false })
    return `${annotationText(frame, rowsOf(frame, line), undefined)}${JSON.stringify(meaningOf(sentence, frame))}\n`
  } catch (thrown) {
    return annotationText(frame, [], GatewayError.from(thrown))
  }
}

function meaningOf(sentence: Sentence, frame: Buffer): object {
  if (!isAis(sentence)) return said(sentence)
  const { payload, fillBits, total, number } = partOf(sentence, frame)
  return total === 1 ? decodeAis(payload, fillBits) : { fragments: total, fragment: number }
}

function rowsOf(frame: Buffer, line: string): Annotation[] {
  const rows: Annotation[] = []
  const add = (from: number, to: number, path: string) => {
    rows.push({ offset: from, bytes: frame.subarray(from, to), path, value: line.slice(from, to), unit: undefined })
  }
  const start = Math.max(line.lastIndexOf('\\') + 1, 0)
  if (start > 0) add(0, start, 'tag blocks')
  const star = line.indexOf('*', start)
  const end = star < 0 ? line.length : star
  let at = start
  for (const [index, field] of line.slice(start, end).split(',').entries()) {
    add(at, at + field.length, index === 0 ? 'address' : `field ${index}`)
    at += field.length + 1
  }
  if (star >= 0) add(star, line.length, 'checksum')
  return rows
}
