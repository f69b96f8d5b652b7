import { Fields } from './fields.ts'
import type { Sentence } from './sentence.ts'

/** What a sentence says, in named fields; null: not available. */
export type Said = Readonly<Record<string, unknown>>

const speedUnits: Readonly<Record<string, string>> = { N: 'kn', K: 'kmh', M: 'mps', S: 'mph' }

/** What the fields of each type mean. Sources: gpsd, "NMEA Revealed"; IEC 61162-1. */
const types: Readonly<Record<string, (fields: Fields) => Said>> = {
  RMC: (f) => ({
    time_utc: f.time(0),
    valid: f.valid(1),
    status: f.text(1),
    latitude_deg: f.latitude(2),
    longitude_deg: f.longitude(4),
    speed_kn: f.number(6),
    course_deg: f.number(7),
    date: f.date(8),
    magnetic_variation_deg: f.eastward(9),
  }),
  GGA: (f) => ({
    time_utc: f.time(0),
    latitude_deg: f.latitude(1),
    longitude_deg: f.longitude(3),
    fix_quality: f.integer(5),
    satellites: f.integer(6),
    hdop: f.number(7),
    altitude_m: f.number(8),
    geoid_separation_m: f.number(10),
  }),
  GLL: (f) => ({
    latitude_deg: f.latitude(0),
    longitude_deg: f.longitude(2),
    time_utc: f.time(4),
    valid: f.valid(5),
  }),
  VTG: (f) => (isOldVtg(f) ? courseAndSpeed(f, 0, 1, 2, 3) : courseAndSpeed(f, 0, 2, 4, 6)),
  GSA: (f) => ({
    mode: f.text(0),
    fix_type: f.integer(1),
    satellites: Array.from({ length: 12 }, (_, at) => f.integer(2 + at)).filter((each) => each !== null),
    pdop: f.number(14),
    hdop: f.number(15),
    vdop: f.number(16),
  }),
  ZDA: (f) => ({
    time_utc: f.time(0),
    day: f.integer(1),
    month: f.integer(2),
    year: f.integer(3),
    zone_hours: f.integer(4),
    zone_minutes: f.integer(5),
  }),
  HDT: (f) => ({ heading_true_deg: f.number(0) }),
  HDG: (f) => ({
    heading_magnetic_deg: f.number(0),
    deviation_deg: f.eastward(1),
    variation_deg: f.eastward(3),
  }),
  MWV: (f) => ({
    wind_angle_deg: f.number(0),
    reference: named(f.text(1), { R: 'relative', T: 'true' }),
    wind_speed: f.number(2),
    speed_unit: named(f.text(3), speedUnits),
    valid: f.valid(4),
  }),
  DPT: (f) => ({ depth_m: f.number(0), offset_m: f.number(1) }),
  DBT: (f) => ({ depth_ft: f.number(0), depth_m: f.number(2), depth_fathoms: f.number(4) }),
  MTW: (f) => ({ water_temperature_c: f.number(0) }),
  XDR: (f) => ({
    transducers: Array.from({ length: Math.ceil(f.count / 4) }, (_, index) => ({
      type: f.text(4 * index),
      value: f.number(4 * index + 1),
      unit: f.text(4 * index + 2),
      name: f.text(4 * index + 3),
    })),
  }),
}

/**
 * What a sentence says: by name for RMC, GGA, GLL, VTG, GSA, ZDA, HDT, HDG, MWV, DPT, DBT, MTW and XDR, as the list `fields` for all
 * others, and for makers' own, whatever they are called. Degrees, south and west below 0; knots; metres. `BAD_CONTENT` for a field
 * that is not what it should be.
 */
export function said({ talker, type, fields }: Pick<Sentence, 'talker' | 'type' | 'fields'>): Said {
  const read = talker !== 'P' && Object.hasOwn(types, type) ? types[type] : undefined
  return read === undefined ? { fields } : read(new Fields(fields))
}

function courseAndSpeed(f: Fields, atTrue: number, atMagnetic: number, atKnots: number, atKmh: number): Said {
  return {
    course_true_deg: f.number(atTrue),
    course_magnetic_deg: f.number(atMagnetic),
    speed_kn: f.number(atKnots),
    speed_kmh: f.number(atKmh),
  }
}

/** Before version 2 it had no letters between its numbers. */
function isOldVtg(f: Fields): boolean {
  return f.count === 4 && f.text(1) !== 'T'
}

function named(letter: string | null, names: Readonly<Record<string, string>>): string | null {
  return letter === null ? null : ((Object.hasOwn(names, letter) ? names[letter] : undefined) ?? letter)
}
