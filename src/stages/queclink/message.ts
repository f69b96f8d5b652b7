import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../core/errors.ts'
import { locationGroups, type QueclinkCell, type QueclinkLocation } from './locations.ts'
import { isoSeconds, utcTimeOf } from './utc-time.ts'

/** What a device says, decoded. */
export interface QueclinkMessage {
  /** `heartbeat` is `+ACK:GTHBD`, `command_ack` any other `+ACK`, `report` all else. */
  readonly kind: 'report' | 'heartbeat' | 'command_ack'
  /** Which message, such as `GTFRI`. */
  readonly report: string
  /** True for `+BUFF`: it was taken earlier, when nothing could be sent. */
  readonly buffered: boolean
  /** As sent, hexadecimal: model, then version of the protocol. */
  readonly protocol_version: string
  readonly imei: string
  /** The name that was given to the device, or in some models and reports the vehicle's VIN. */
  readonly device_name: string
  /** Null where the device sent none. */
  readonly send_time_utc: string | null
  /** Four hexadecimal digits that number the messages of a device. */
  readonly count: string
  readonly field_count: number
  /** Of a command's answer: the four hexadecimal digits that the command brought. */
  readonly command_serial?: string
  /** Of a report that has any: see `locationGroups`. */
  readonly locations?: readonly QueclinkLocation[]
  /** The cell that goes with each of {@link QueclinkMessage.locations}, null where there is none. */
  readonly cells?: readonly (QueclinkCell | null)[]
  /** All that stands between device name and send time, as it was sent; of an answer, without the serial. */
  readonly fields: readonly string[]
}

/** header, version, IMEI, name, …, send time, count */
const fewestFields = 6

/** Where a message's own fields begin. */
const ownFields = 4

const kinds = { RESP: 'report', BUFF: 'report', ACK: 'command_ack' } as const

/**
 * Reads a message of a device: a text of latin1 characters, a byte each, from `+` to before `$`.
 *
 * ```
 * +RESP:GTFRI,1A0102,135790246811220,,0,0,1,…,20090214093254,11F0
 *  │    │     │      │               │└──────┘ └ send time    └ count
 *  │    │     │      IMEI            name, fields of the report
 *  │    report, model (2 digits) and version
 *  RESP live, BUFF buffered, ACK answer to a command
 * ```
 * Source: Queclink @Track Air Interface Protocol of GL300 (TRACGL300AN001), GV200, GV300, GMT100. Send time is the device's UTC.
 *
 * Errors: `BAD_CONTENT` for another head, fewer than six fields, a version or an IMEI that is none, a count that is not four hexadecimal
 * digits: it is the last that is sent, so this is a message that was cut.
 */
export function decodeMessage(text: string): QueclinkMessage {
  const fields = text.split(',')
  const [head = '', protocol_version = '', imei = '', device_name = ''] = fields
  const [, prefix, report = ''] = /^\+(RESP|BUFF|ACK):(GT[A-Z\d]{2,6})$/.exec(head) ?? []
  if (prefix === undefined) throw bad(`a text of ${text.length} characters begins as no message does`)
  if (fields.length < fewestFields) throw bad(`a message has ${fields.length} fields, at least ${fewestFields} are due`)
  if (!/^[\dA-Za-z]{0,16}$/.test(protocol_version)) throw bad('field 2 of a message is no protocol version')
  if (!/^(\d{15}|[\dA-Fa-f]{14,15})$/.test(imei)) throw bad('field 3 of a message is no IMEI')
  const count = fields.at(-1) as string
  if (!isSerial(count)) {
    throw bad(`the last of the ${fields.length} fields of a message is not a count of 4 hexadecimal digits`)
  }
  const isHeartbeat = prefix === 'ACK' && report === 'GTHBD'
  const kind: QueclinkMessage['kind'] = isHeartbeat ? 'heartbeat' : kinds[prefix as keyof typeof kinds]
  const sent = utcTimeOf(fields.at(-2) as string)
  const common = {
    kind,
    report,
    buffered: prefix === 'BUFF',
    protocol_version,
    imei,
    device_name: characters(device_name),
    send_time_utc: sent === undefined ? null : isoSeconds(sent),
    count,
    field_count: fields.length,
  }
  if (kind === 'command_ack') return { ...common, ...answerOf(fields) }
  const own = fields.slice(ownFields, -2).map(characters)
  return kind === 'heartbeat' ? { ...common, fields: own } : { ...common, ...placesIn(fields), fields: own }
}

/** True for four hexadecimal digits, as commands and messages are numbered by. */
export function isSerial(text: string | undefined): boolean {
  return text !== undefined && /^[\dA-Fa-f]{4}$/.test(text)
}

function answerOf(fields: readonly string[]): Pick<QueclinkMessage, 'command_serial' | 'fields'> {
  const serial = fields.length > fewestFields ? (fields.at(-3) as string) : ''
  if (!isSerial(serial)) return { fields: fields.slice(ownFields, -2).map(characters) }
  return { command_serial: serial, fields: fields.slice(ownFields, -3).map(characters) }
}

function placesIn(fields: readonly string[]): Pick<QueclinkMessage, 'locations' | 'cells'> {
  const groups = locationGroups(fields, ownFields, fields.length - 2)
  if (groups.length === 0) return {}
  return { locations: groups.map(({ location }) => location), cells: groups.map(({ cell }) => cell) }
}

/** A field as text: UTF-8, or else a character a byte, since a broken name must not cost a position. */
function characters(field: string): string {
  if (!/[\x80-\xff]/.test(field)) return field
  const bytes = Buffer.from(field, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : field
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
