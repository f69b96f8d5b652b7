import { GatewayError } from '../../core/errors.ts'
import { type Annotation, annotationText } from '../struct/annotation.ts'
import { locationGroups } from './locations.ts'
import { isSerial } from './message.ts'

/** The names of the fields that every message begins with, and of those that it ends with. */
const firstNames = ['message', 'protocol_version', 'imei', 'device_name']
const lastNames = ['send_time_utc', 'count']
const groupNames = [
  'hdop_or_accuracy',
  'speed_kmh',
  'azimuth_deg',
  'altitude_m',
  'longitude_deg',
  'latitude_deg',
  'fix_time_utc',
]
const cellNames = ['mcc', 'mnc', 'lac', 'cell_id']

/**
 * The annotated dump of Queclink messages: a line a field, commas between them left out. What stands neither in the head, nor at the end, nor
 * in a location is `fields[n]`, counted as in bodies. A message without `$` is annotated with the error that it is.
 */
export function annotateMessages(bytes: Buffer): string {
  const rows: Annotation[] = []
  let at = 0
  while (at < bytes.length) {
    const mark = bytes.indexOf('$', at)
    const end = mark < 0 ? bytes.length : mark
    rows.push(...rowsOf(bytes, at, end))
    if (mark < 0) return annotationText(bytes, rows, new GatewayError('FRAME_UNTERMINATED', 'the message has no $'))
    rows.push(rowOf(bytes, mark, mark + 1, 'end mark'))
    at = mark + 1
  }
  return annotationText(bytes, rows, undefined)
}

function rowsOf(bytes: Buffer, from: number, end: number): Annotation[] {
  const fields = bytes.toString('latin1', from, end).split(',')
  const names = /^\s*\+(RESP|BUFF|ACK):/.test(fields[0] ?? '') ? namesOf(fields) : []
  let at = from
  return fields.flatMap((field, index) => {
    const begin = at
    at += field.length + 1
    return field === '' ? [] : [rowOf(bytes, begin, begin + field.length, names[index] ?? `text[${index}]`)]
  })
}

function namesOf(fields: readonly string[]): string[] {
  const last = Math.max(firstNames.length, fields.length - lastNames.length)
  const names = fields.map(
    (_, index) => firstNames[index] ?? lastNames[index - last] ?? `fields[${index - firstNames.length}]`,
  )
  if (fields[0]?.includes('+ACK')) {
    if (last > firstNames.length && isSerial(fields[last - 1])) names[last - 1] = 'command_serial'
    return names
  }
  locationGroups(fields, firstNames.length, last).forEach(({ at, cell }, number) => {
    const named = groupNames.map((name) => `locations[${number}].${name}`)
    if (cell !== null) named.push(...cellNames.map((name) => `cells[${number}].${name}`))
    names.splice(at, named.length, ...named)
  })
  return names
}

function rowOf(bytes: Buffer, from: number, to: number, path: string): Annotation {
  const field = bytes.subarray(from, to)
  return { offset: from, bytes: field, path, value: field.toString(), unit: undefined }
}
