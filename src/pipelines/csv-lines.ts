import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { type CsvPayloadOptions, csvPayload } from '../stages/csv-payload.ts'
import { fieldName } from '../stages/fields/field.ts'
import { wrong } from '../stages/fields/template.ts'
import { type FieldLineOptions, fieldLines } from './field-lines.ts'

/** Options of {@link csvLines}. Fields are columns. */
export interface CsvLinesOptions extends FieldLineOptions, Pick<CsvPayloadOptions, 'columns' | 'separator'> {}

/**
 * Devices that send lines of CSV, told by options alone; takes `npm install csv-parse`. docs/protocols/generic.md has examples.
 *
 * ```
 * csvLines(hub, { columns: ['id', 'n', 't'], deviceId: { field: 'id' }, sequence: 'n', numbers: ['t'], acknowledge: { complete: 'ACK {sequence}' } })
 *                                            up:    d1,7,20.50       →  telemetry {"id":"d1","n":"7","t":20.50} of d1
 *                                            down:  ACK 7            when the hub has it
 * ```
 * Errors: `CONFIGURATION` for options that cannot work, and for fields that are not columns; else those of {@link csvPayload} and of `payload`.
 */
export function csvLines(to: Hub, options: CsvLinesOptions): Pipeline {
  const { columns, separator, numbers } = options
  const format = csvPayload({ columns, ...(separator !== undefined && { separator }) })
  const stranger = numbers === 'all' ? undefined : numbers?.find((each) => !columns.includes(each))
  if (stranger !== undefined) throw wrong('csvLines: numbers', 'must be of columns', stranger)
  const fieldFault = (field: string | readonly string[]) =>
    columns.includes(fieldName(field)) ? undefined : 'must be one of columns'
  return fieldLines(to, { name: 'csvLines', protocol: 'csv', format, fieldFault }, options)
}
