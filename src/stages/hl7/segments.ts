/** A segment of a message's text. */
export interface Segment {
  /** Such as `PID`. */
  readonly name: string
  /** All of it, without what ends it. */
  readonly line: string
  /** Where it begins in the text. */
  readonly offset: number
}

/** What ends the segments of a message: CR, as HL7 says, unless there is an LF before the first CR, as in test files and of some senders. */
export function segmentEndOf(text: string): '\r' | '\n' {
  return /[\r\n]/.exec(text)?.[0] === '\n' ? '\n' : '\r'
}

/** The segments of a message, whether CR, LF or CR LF ends them; empty ones are left out. */
export function segmentsOf(text: string, fieldSeparator: string): Segment[] {
  const end = segmentEndOf(text)
  const other = end === '\r' ? '\n' : '\r'
  const segments: Segment[] = []
  let next = 0
  for (const part of text.split(end)) {
    const line = part.startsWith(other) ? part.slice(1) : part
    const offset = next + part.length - line.length
    if (line !== '') segments.push({ name: line.split(fieldSeparator, 1)[0] as string, line, offset })
    next += part.length + 1
  }
  return segments
}

/**
 * Segments as a message's text: fields between separators, each segment ended by CR. Of the header, MSH-1 is the separator itself and is
 * not given: `['MSH', '^~\\&', 'APP', …]`. Fields are taken as they are: what would be a delimiter in them is the caller's to escape.
 */
export function textOfSegments(segments: readonly (readonly string[])[], fieldSeparator = '|'): string {
  return segments.map((fields) => `${fields.join(fieldSeparator)}\r`).join('')
}
