import { GatewayError } from '../core/errors.ts'
import { optionalPackage } from './optional-package.ts'
import { badFrame, encoding, type PayloadFormat, refusing } from './payload-format.ts'
import { fieldOf, fieldText, separatorOf, type TextFields, textOf } from './text-fields.ts'

/** Options of {@link csvPayload}. */
export interface CsvPayloadOptions {
  /** What the fields of a line are called, in order; 1 or more, each once. */
  readonly columns: readonly string[]
  /** What stands between two fields, no quote and no line break; default `,`. */
  readonly separator?: string
  /** The columns that are numbers, an empty field being null; all others are text. Default none. */
  readonly numbers?: readonly string[]
}

interface CsvParse {
  parse(line: string, options: object): string[][]
}

/**
 * CSV (RFC 4180), one line a frame, without its line break; takes `npm install csv-parse`.
 *
 * ```
 * columns: ['id', 'place', 't'], numbers: ['t']      d1,"hall, east",20.5  ↔  { id: 'd1', place: 'hall, east', t: 20.5 }
 * ```
 * csv-parse reads the lines that have a quote in them: it takes some 25 µs a call, splitting takes one.
 *
 * Errors: `BAD_CONTENT` for a line of more or fewer fields, wrong quotes, a number that is none, what is not UTF-8, several
 * lines. Down, `BUG` for a value without one of the columns or with others. `CONFIGURATION` for options out of range, and without
 * csv-parse.
 */
export function csvPayload(options: CsvPayloadOptions): PayloadFormat<TextFields> {
  const { columns, numbers = [] } = options
  const separator = separatorOf(options.separator ?? ',', 'csvPayload: separator')
  if (/["\r\n]/.test(separator)) {
    throw new GatewayError('CONFIGURATION', 'csvPayload: separator must have neither quotes nor line breaks in it')
  }
  if (columns.length === 0 || new Set(columns).size !== columns.length) {
    throw new GatewayError('CONFIGURATION', `csvPayload: columns must be 1 or more, each once, not [${columns}]`)
  }
  const stranger = numbers.find((each) => !columns.includes(each))
  if (stranger !== undefined) {
    throw new GatewayError('CONFIGURATION', `csvPayload: numbers has '${stranger}', which is not one of columns`)
  }
  const { parse } = optionalPackage<CsvParse>('csv-parse/sync', 'csvPayload')
  const isNumber = columns.map((each) => numbers.includes(each))
  return {
    name: 'csv',
    contentType: 'text/csv',
    decode(frame) {
      const fields = fieldsOf(frame, separator, parse)
      if (fields.length !== columns.length) {
        throw badFrame(frame.length, `has ${fields.length} fields where there are ${columns.length} columns`)
      }
      const named = fields.map((text, index) => [columns[index], fieldOf(text, isNumber[index] === true, index + 1)])
      return Object.fromEntries(named) as TextFields
    },
    encode: (value) =>
      encoding('CSV', () => {
        const has = (column: string) => Object.hasOwn(value, column)
        if (Object.keys(value).length !== columns.length || !columns.every(has)) {
          throw new GatewayError('BUG', `a value to be sent does not have just the members ${columns.join(', ')}`)
        }
        return Buffer.from(columns.map((column) => quoted(fieldText(value[column]), separator)).join(separator))
      }),
  }
}

function fieldsOf(frame: Buffer, separator: string, parse: CsvParse['parse']): string[] {
  const text = textOf(frame)
  if (text === '') return ['']
  if (!/["\r\n]/.test(text)) return text.split(separator)
  const lines = refusing(frame, 'a line of CSV', () =>
    parse(text, { delimiter: separator, record_delimiter: ['\r\n', '\n', '\r'], relax_column_count: true }),
  )
  if (lines.length !== 1) throw badFrame(frame.length, `is ${lines.length} lines of CSV`)
  return lines[0] as string[]
}

/** Quoted also for a part of the separator, which could make one together with that behind the field. */
function quoted(text: string, separator: string): string {
  const needsQuotes = /["\r\n]/.test(text) || [...separator].some((each) => text.includes(each))
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text
}
