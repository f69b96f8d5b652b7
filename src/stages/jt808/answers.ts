import { bytes, hex } from '../struct/blob.ts'
import { u8, u16, u32 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { struct } from '../struct/struct.ts'
import { readText, writeText } from './texts.ts'

/** A general response: 0x0001 of a terminal to a command, 0x8001 of the platform to a message. */
export interface GeneralResponse {
  /** Of the message that is answered. */
  readonly reply_serial: number
  readonly reply_id: string
  /** One of {@link results}. */
  readonly result: number
}

/** What general responses say of a message. */
export const results = { ok: 0, failed: 1, badMessage: 2, unsupported: 3 } as const

/** What 0x8100 says of a registration. */
export const registrationResults = { ok: 0, noSuchVehicle: 2, noSuchTerminal: 4 } as const

/** The answer to a registration, 0x8100. */
export interface RegisterResponse {
  readonly reply_serial: number
  /** One of {@link registrationResults}, or 1 and 3: vehicle, terminal are registered already. */
  readonly result: number
  /** Where the result is 0. */
  readonly auth_code?: string
}

/** The body of a general response. */
export const generalFields = struct('generalResponse', { reply_serial: u16, reply_id: hex(2), result: u8 })

/** The body of the answer to a registration. */
export const registerFields = struct('registerResponse', { reply_serial: u16, result: u8, code: bytes(rest) })

const multimediaFields = struct('multimediaResponse', { multimedia_id: u32, missing: bytes(rest) })

/** Decodes a general response, `serial u16, id u16, result u8`. Terminals put more behind it, which is not looked at. */
export function decodeGeneralResponse(body: Buffer): GeneralResponse {
  const { reply_serial, reply_id, result } = generalFields.decodePrefix(body).value
  return { reply_serial, reply_id: `0x${reply_id}`, result }
}

/** Encodes a general response. */
export function encodeGeneralResponse({ reply_serial, reply_id, result }: GeneralResponse): Buffer {
  return generalFields.encode({ reply_serial, reply_id: reply_id.slice(2), result })
}

/** Decodes the answer to a registration, `serial u16, result u8`, and a code where the result is 0. */
export function decodeRegisterResponse(body: Buffer): RegisterResponse {
  const { reply_serial, result, code } = registerFields.decode(body)
  return { reply_serial, result, ...(code.length > 0 && { auth_code: readText(code).text }) }
}

/** Encodes the answer to a registration. */
export function encodeRegisterResponse({ reply_serial, result, auth_code }: RegisterResponse): Buffer {
  return registerFields.encode({ reply_serial, result, code: writeText(auth_code ?? '') })
}

/**
 * Encodes a request to send sub-packages again, 0x8003: the serial of the message's first sub-package, how many (u8, u16 since 2019), and
 * their indexes.
 */
export function encodeResendRequest(firstSerial: number, indexes: readonly number[], version2019: boolean): Buffer {
  const countSize = version2019 ? 2 : 1
  const body = Buffer.alloc(2 + countSize + 2 * indexes.length)
  body.writeUInt16BE(firstSerial, 0)
  body.writeUIntBE(indexes.length, 2, countSize)
  indexes.forEach((index, place) => {
    body.writeUInt16BE(index, 2 + countSize + 2 * place)
  })
  return body
}

/** Decodes what {@link encodeResendRequest} makes; undefined for what is none. */
export function decodeResendRequest(
  body: Buffer,
  version2019: boolean,
): { readonly first_serial: number; readonly indexes: readonly number[] } | undefined {
  const listAt = version2019 ? 4 : 3
  if (body.length < listAt) return undefined
  const count = body.readUIntBE(2, listAt - 2)
  if (body.length !== listAt + 2 * count) return undefined
  const indexes = Array.from({ length: count }, (_, place) => body.readUInt16BE(listAt + 2 * place))
  return { first_serial: body.readUInt16BE(0), indexes }
}

/** Encodes the answer to a multimedia upload that is whole, 0x8800. */
export function encodeMultimediaResponse(multimediaId: number): Buffer {
  return multimediaFields.encode({ multimedia_id: multimediaId, missing: Buffer.alloc(0) })
}
