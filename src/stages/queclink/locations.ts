import { isoSeconds, utcTimeOf } from './utc-time.ts'

/** Where a device was. Null for what it left empty; without a fix it repeats its last position, `hdop_or_accuracy` is 0 and the time an old one. */
export interface QueclinkLocation {
  /** 0: no fix; 1 to 50: horizontal dilution of precision, or metres, as the model has it. */
  readonly hdop_or_accuracy: number | null
  readonly speed_kmh: number | null
  /** Clockwise from north. */
  readonly azimuth_deg: number | null
  readonly altitude_m: number | null
  readonly longitude_deg: number
  readonly latitude_deg: number
  readonly fix_time_utc: string
}

/** The cell that served a device. */
export interface QueclinkCell {
  readonly mcc: number
  readonly mnc: number
  readonly lac: number
  readonly cell_id: number
}

/** A location, and what lies behind it. */
export interface LocationGroup {
  /** The index of its first field, the accuracy. */
  readonly at: number
  readonly location: QueclinkLocation
  readonly cell: QueclinkCell | null
}

/** Fields of a group before its longitude. */
const fieldsBefore = 4

/**
 * The groups of location fields in a report, in their order:
 *
 * ```
 * accuracy,speed,azimuth,altitude,longitude,latitude,YYYYMMDDHHMMSS,MCC,MNC,LAC,cell
 * 1       ,4.3  ,92     ,70.0    ,121.354335,31.222073,20090214013254,0460,0000,18d8,6141
 * ```
 * Where they stand depends on report, model and firmware, so they are found by what only they are: two coordinates in range, written with
 * four to eight decimals (Queclink writes six, and nothing else with more than three), with a date that exists behind them. Groups
 * whose coordinates are empty, for want of any fix, are none. `from` and `to`: where groups may lie among the fields.
 */
export function locationGroups(fields: readonly string[], from: number, to: number): LocationGroup[] {
  const groups: LocationGroup[] = []
  for (let at = from + fieldsBefore; at + 2 < to; at++) {
    const longitude_deg = coordinateOf(fields[at], 180)
    const latitude_deg = coordinateOf(fields[at + 1], 90)
    const time = utcTimeOf(fields[at + 2] ?? '')
    if (longitude_deg === undefined || latitude_deg === undefined || time === undefined) continue
    const [hdop_or_accuracy = null, speed_kmh = null, azimuth_deg = null, altitude_m = null] = fields
      .slice(at - fieldsBefore, at)
      .map(measured)
    const fix_time_utc = isoSeconds(time)
    groups.push({
      at: at - fieldsBefore,
      location: { hdop_or_accuracy, speed_kmh, azimuth_deg, altitude_m, longitude_deg, latitude_deg, fix_time_utc },
      cell: cellOf(fields.slice(at + 3, Math.min(at + 7, to))),
    })
  }
  return groups
}

/** The fields of a group; the other way of {@link locationGroups}. */
export function locationFields(location: QueclinkLocation, cell: QueclinkCell | null): string[] {
  const written = (value: number | null, digits: number) => (value === null ? '' : value.toFixed(digits))
  return [
    written(location.hdop_or_accuracy, 0),
    written(location.speed_kmh, 1),
    written(location.azimuth_deg, 0),
    written(location.altitude_m, 1),
    location.longitude_deg.toFixed(6),
    location.latitude_deg.toFixed(6),
    location.fix_time_utc.replace(/\D/g, ''),
    ...(cell === null ? ['', '', '', ''] : cellFields(cell)),
  ]
}

function cellFields({ mcc, mnc, lac, cell_id }: QueclinkCell): string[] {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(4, '0')
  return [String(mcc).padStart(4, '0'), String(mnc).padStart(4, '0'), hex(lac), hex(cell_id)]
}

function coordinateOf(field: string | undefined, limit: number): number | undefined {
  if (field === undefined || !/^-?\d{1,3}\.\d{4,8}$/.test(field)) return undefined
  const degrees = Number(field)
  return Math.abs(degrees) <= limit ? degrees : undefined
}

/** What a field measures; null for an empty one, and for what is no number. */
function measured(field: string): number | null {
  return /^[+-]?\d{1,9}(\.\d{1,9})?$/.test(field) ? Number(field) : null
}

function cellOf([mcc = '', mnc = '', lac = '', cell = '']: readonly string[]): QueclinkCell | null {
  const isCell =
    /^\d{3,4}$/.test(mcc) && /^\d{1,4}$/.test(mnc) && [lac, cell].every((each) => /^[\da-f]{1,8}$/i.test(each))
  if (!isCell) return null
  return { mcc: Number(mcc), mnc: Number(mnc), lac: Number.parseInt(lac, 16), cell_id: Number.parseInt(cell, 16) }
}
