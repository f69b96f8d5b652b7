import { GatewayError } from '../core/errors.ts'

/** Bytes that mark something: a string stands for its UTF-8. */
export type Mark = Buffer | string

/** The bytes of a mark that the option `option` of stage `stage` gives; `CONFIGURATION` for none. */
export function markOf(mark: Mark, stage: string, option: string): Buffer {
  const bytes = Buffer.from(mark)
  if (bytes.length === 0) throw new GatewayError('CONFIGURATION', `${stage}: ${option} must not be empty`)
  return bytes
}

/** One mark or several of them, as {@link markOf}. */
export function marksOf(marks: Mark | readonly Mark[], stage: string, option: string): Buffer[] {
  const list = Buffer.isBuffer(marks) || typeof marks === 'string' ? [marks] : marks
  if (list.length === 0) throw new GatewayError('CONFIGURATION', `${stage}: ${option} must not be empty`)
  return list.map((each) => markOf(each, stage, option))
}

/** How many bytes from index `at` on are those that the mark begins with; all of its length where it lies there whole. */
export function matchedAt(bytes: Buffer, at: number, mark: Buffer): number {
  let matched = 0
  while (matched < mark.length && bytes[at + matched] === mark[matched]) matched++
  return matched
}

/** Whether a mark lies whole at index `at`. */
export function isAt(bytes: Buffer, at: number, mark: Buffer): boolean {
  return matchedAt(bytes, at, mark) === mark.length
}

/** Where the mark lies whole from index `from` on, or begins at the end of the bytes; their length where it does neither. */
export function placeOf(bytes: Buffer, from: number, mark: Buffer): number {
  const first = mark[0] as number
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    const matched = matchedAt(bytes, at, mark)
    if (matched === mark.length || at + matched === bytes.length) return at
  }
  return bytes.length
}

/** One of the marks that another of them begins with; undefined where each can be told from all others. */
export function ambiguousIn(marks: readonly Buffer[]): Buffer | undefined {
  // In this order a mark stands directly before those that it begins.
  const sorted = [...marks].sort(Buffer.compare)
  return sorted.find((mark, index) => index + 1 < sorted.length && isAt(sorted[index + 1] as Buffer, 0, mark))
}
