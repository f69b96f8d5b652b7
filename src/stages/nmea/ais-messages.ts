import { GatewayError } from '../../core/errors.ts'
import { AisBits } from './ais-bits.ts'

/** A message of AIS in named fields; null: not available, or the message ends before it. */
export interface AisMessage {
  readonly ais_type: number
  readonly repeat: number
  /** Nine digits. */
  readonly mmsi: string
  /** Its length. */
  readonly bits: number
  readonly [field: string]: unknown
}

type Decoded = Readonly<Record<string, unknown>>

/** By message type. Source: ITU-R M.1371-5, annex 8. */
const types: Readonly<Record<number, (bits: AisBits) => Decoded>> = {
  1: classA,
  2: classA,
  3: classA,
  4: baseStation,
  5: voyage,
  9: (b) => ({
    altitude_m: known(b.unsigned(38, 12), 4095),
    // Aircraft, for search and rescue: whole knots.
    speed_kn: known(b.unsigned(50, 10), 1023),
    ...position(b, 61),
    course_deg: tenths(b.unsigned(116, 12), 3600),
    utc_second: b.unsigned(128, 6),
  }),
  11: baseStation,
  18: classB,
  19: (b) => ({ ...classB(b), name: b.text(143, 120), ship_type: b.unsigned(263, 8), ...dimensions(b, 271) }),
  21: (b) => ({
    aid_type: b.unsigned(38, 5),
    // 20 characters, and up to 14 more at the end of the message.
    name: b.textInTwo(43, 120, 272, 84),
    ...position(b, 164),
    ...dimensions(b, 219),
  }),
  24: staticData,
  27: (b) => ({
    position_accuracy: b.unsigned(38, 1),
    nav_status: b.unsigned(40, 4),
    longitude_deg: degrees(b.signed(44, 18), 181, 600, 4),
    latitude_deg: degrees(b.signed(62, 17), 91, 600, 4),
    speed_kn: known(b.unsigned(79, 6), 63),
    course_deg: known(b.unsigned(85, 9), 511),
  }),
}

/**
 * Decodes the payload of an AIS message: types 1 to 5, 9, 11, 18, 19, 21, 24 and 27 in named fields, of all others type, MMSI and length.
 * `BAD_CONTENT` for a payload that is none, or too short to say whose it is.
 */
export function decodeAis(payload: string, fillBits: number): AisMessage {
  const bits = new AisBits(payload, fillBits)
  const [type, repeat, mmsi] = [bits.unsigned(0, 6), bits.unsigned(6, 2), nineDigits(bits.unsigned(8, 30))]
  if (type === null || repeat === null || mmsi === null) {
    throw new GatewayError('BAD_CONTENT', `an AIS message has ${bits.length} bits, it takes 38 to say whose it is`)
  }
  const envelope = { ais_type: type, repeat, mmsi, bits: bits.length }
  return { ...envelope, ...types[type]?.(bits) }
}

function classA(b: AisBits): Decoded {
  return {
    nav_status: b.unsigned(38, 4),
    speed_kn: tenths(b.unsigned(50, 10), 1023),
    position_accuracy: b.unsigned(60, 1),
    ...position(b, 61),
    course_deg: tenths(b.unsigned(116, 12), 3600),
    heading_deg: known(b.unsigned(128, 9), 511),
    utc_second: b.unsigned(137, 6),
  }
}

function classB(b: AisBits): Decoded {
  return {
    speed_kn: tenths(b.unsigned(46, 10), 1023),
    position_accuracy: b.unsigned(56, 1),
    ...position(b, 57),
    course_deg: tenths(b.unsigned(112, 12), 3600),
    heading_deg: known(b.unsigned(124, 9), 511),
    utc_second: b.unsigned(133, 6),
  }
}

function baseStation(b: AisBits): Decoded {
  return {
    year: b.unsigned(38, 14),
    month: b.unsigned(52, 4),
    day: b.unsigned(56, 5),
    hour: b.unsigned(61, 5),
    minute: b.unsigned(66, 6),
    second: b.unsigned(72, 6),
    ...position(b, 79),
  }
}

function voyage(b: AisBits): Decoded {
  return {
    ais_version: b.unsigned(38, 2),
    imo: b.unsigned(40, 30),
    callsign: b.text(70, 42),
    name: b.text(112, 120),
    ship_type: b.unsigned(232, 8),
    ...dimensions(b, 240),
    draught_m: tenths(b.unsigned(294, 8), undefined),
    destination: b.text(302, 120),
  }
}

function staticData(b: AisBits): Decoded {
  const part = b.unsigned(38, 2)
  if (part === 0) return { part: 'A', name: b.text(40, 120) }
  if (part !== 1) return { part: part === null ? null : String(part) }
  return {
    part: 'B',
    ship_type: b.unsigned(40, 8),
    vendor: b.text(48, 18),
    callsign: b.text(90, 42),
    ...(isAuxiliary(b) ? { mothership_mmsi: nineDigits(b.unsigned(132, 30)) } : dimensions(b, 132)),
  }
}

/** Craft of a ship have 98 in front of their MMSI, and say whose they are where others say how long they are. */
function isAuxiliary(b: AisBits): boolean {
  return nineDigits(b.unsigned(8, 30))?.startsWith('98') === true
}

function nineDigits(mmsi: number | null): string | null {
  return mmsi === null ? null : String(mmsi).padStart(9, '0')
}

function position(b: AisBits, at: number): Decoded {
  return {
    longitude_deg: degrees(b.signed(at, 28), 181, 600_000, 6),
    latitude_deg: degrees(b.signed(at + 28, 27), 91, 600_000, 6),
  }
}

function dimensions(b: AisBits, at: number): Decoded {
  return {
    to_bow_m: b.unsigned(at, 9),
    to_stern_m: b.unsigned(at + 9, 9),
    to_port_m: b.unsigned(at + 18, 6),
    to_starboard_m: b.unsigned(at + 24, 6),
  }
}

/** `none` degrees say that there is no position. As many decimals as the unit tells apart. */
function degrees(raw: number | null, none: number, perDegree: number, decimals: number): number | null {
  if (raw === null || raw === none * perDegree) return null
  return Number((raw / perDegree).toFixed(decimals))
}

function tenths(raw: number | null, none: number | undefined): number | null {
  return raw === null || raw === none ? null : raw / 10
}

function known(raw: number | null, none: number): number | null {
  return raw === none ? null : raw
}
