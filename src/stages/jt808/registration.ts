import { bytes } from '../struct/blob.ts'
import { u8, u16 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { text } from '../struct/text.ts'
import { readText, writeText } from './texts.ts'

/** What a terminal says of itself when it registers, 0x0100. */
export interface Registration {
  /** Which form of the message it is: told by its length before 2019. */
  readonly version: '2011' | '2011/2013' | '2019'
  readonly province: number
  readonly city: number
  readonly manufacturer: string
  readonly model: string
  readonly device_id: string
  readonly plate_color: number
  readonly plate: string
  /** The bytes of a plate that is no GBK; `plate` then has a character for each. */
  readonly plate_hex?: string
}

/** What a terminal authenticates itself by, 0x0102. */
export interface Authentication {
  readonly auth_code: string
  /** 2019. */
  readonly imei?: string
  readonly software_version?: string
}

function form(name: string, manufacturer: number, model: number, deviceId: number) {
  const nameOf = (size: number) => text(size, { encoding: 'latin1', pad: 0 })
  return struct(name, {
    province: u16,
    city: u16,
    manufacturer: nameOf(manufacturer),
    model: nameOf(model),
    device_id: nameOf(deviceId),
    plate_color: u8,
    plate: bytes(rest),
  })
}

/** The forms of a registration. */
export const registrations = {
  '2011': form('registration2011', 5, 8, 7),
  '2011/2013': form('registration2013', 5, 20, 7),
  '2019': form('registration2019', 11, 30, 30),
}

/** Of which year a registration is: before 2019 the header does not tell, but one too short for 2013 is of 2011. */
export function formOf(body: Buffer, version2019: boolean): Registration['version'] {
  if (version2019) return '2019'
  return body.length < registrations['2011/2013'].minSize ? '2011' : '2011/2013'
}

/**
 * Decodes a registration.
 *
 * ```
 *        province  city    manufacturer  model  device id  colour  plate
 * 2011   00 2C     01 2F   5 bytes       8      7          01      GBK, to the end
 * 2013   00 2C     01 2F   5             20     7          01
 * 2019   00 2C     01 2F   11            30     30         01
 * ```
 * `BAD_CONTENT` for one too short for its form.
 */
export function decodeRegistration(body: Buffer, version2019: boolean): Registration {
  const version = formOf(body, version2019)
  const { province, city, manufacturer, model, device_id, plate_color, plate } = registrations[version].decode(body)
  const { text: plateText, hex: plateHex } = readText(plate)
  return {
    version,
    province,
    city,
    manufacturer: trimmed(manufacturer),
    model: trimmed(model),
    device_id: trimmed(device_id),
    plate_color,
    plate: plateText,
    ...(plateHex !== undefined && { plate_hex: plateHex }),
  }
}

/** Encodes a registration in the form that `version` names. `BAD_CONTENT` for texts that are too long for it. */
export function encodeRegistration(registration: Registration): Buffer {
  const { version, plate, plate_hex, ...fields } = registration
  const plateBytes = plate_hex === undefined ? writeText(plate) : Buffer.from(plate_hex, 'hex')
  return registrations[version].encode({ ...fields, plate: plateBytes })
}

/** In the field, ids are also filled up at their beginning. */
function trimmed(name: string): string {
  let from = 0
  while (name[from] === '\0') from++
  return name.slice(from)
}

/** The body of an authentication of 2019. */
export const code2019 = struct('authentication2019', {
  auth_code: bytes(u8),
  imei: text(15, { encoding: 'latin1', pad: 0 }),
  software_version: bytes(rest),
})

const versionSize = 20

/**
 * Decodes an authentication: before 2019 all of it is the code; of 2019 there is a length, the code, an IMEI and a software version. A
 * body with the header of 2019 that is not of that form is taken for a code: so some terminals do.
 */
export function decodeAuthentication(body: Buffer, version2019: boolean): Authentication {
  if (!version2019 || 1 + (body[0] ?? 0) + 15 > body.length) return { auth_code: readText(body).text }
  const { auth_code, imei, software_version } = code2019.decode(body)
  return { auth_code: readText(auth_code).text, imei, software_version: readText(software_version).text }
}

/** Encodes an authentication. `BAD_CONTENT` for texts that are too long. */
export function encodeAuthentication(authentication: Authentication, version2019: boolean): Buffer {
  const code = writeText(authentication.auth_code)
  if (!version2019) return code
  const software = Buffer.alloc(versionSize)
  writeText(authentication.software_version ?? '').copy(software)
  return code2019.encode({ auth_code: code, imei: authentication.imei ?? '', software_version: software })
}
