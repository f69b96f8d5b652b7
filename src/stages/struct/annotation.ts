import type { GatewayError } from '../../core/errors.ts'

/** What some bytes of a frame mean. */
export interface Annotation {
  readonly offset: number
  readonly bytes: Buffer
  /** The field, such as `records[3].time`. */
  readonly path: string
  readonly value: unknown
  readonly unit: string | undefined
}

/** Bytes shown in a line. */
const lineBytes = 8

/** The annotated dump of a frame: a line a field, its further bytes below it; then what is left, and what is wrong. */
export function annotationText(frame: Buffer, fields: readonly Annotation[], error: GatewayError | undefined): string {
  const read = greatest(fields.map(({ offset, bytes }) => offset + bytes.length))
  const left = { offset: read, bytes: frame.subarray(read), path: '?', value: undefined, unit: undefined }
  const all = read < frame.length ? [...fields, left] : fields
  const width = Math.max(5, greatest(all.map(({ path }) => path.length)))
  const line = (offset: string, bytes: string, rest: string) =>
    `${offset.padStart(6)}  ${bytes.padEnd(3 * lineBytes)} ${rest}`.trimEnd()
  const lines = [line('offset', 'bytes', `${'field'.padEnd(width)}  value`)]
  for (const { offset, bytes, path, value, unit } of all) {
    const meaning = `${path.padEnd(width)}  ${shown(value)}${unit === undefined ? '' : ` ${unit}`}`
    lines.push(line(String(offset), pairs(bytes.subarray(0, lineBytes)), meaning))
    for (let at = lineBytes; at < bytes.length; at += lineBytes) {
      lines.push(line('', pairs(bytes.subarray(at, at + lineBytes)), ''))
    }
  }
  if (error !== undefined) lines.push(`${error.code}: ${error.message}`)
  return `${lines.join('\n')}\n`
}

/** Of any number of them, unlike Math.max. */
function greatest(numbers: readonly number[]): number {
  return numbers.reduce((most, each) => Math.max(most, each), 0)
}

function shown(value: unknown): string {
  if (value === undefined || Buffer.isBuffer(value)) return ''
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

function pairs(bytes: Buffer): string {
  return (bytes.toString('hex').match(/../g) ?? []).join(' ')
}
