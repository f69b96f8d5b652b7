import type { GatewayError } from '../../core/errors.ts'
import {
  decodeGeneralResponse,
  decodeRegisterResponse,
  encodeGeneralResponse,
  encodeRegisterResponse,
  type GeneralResponse,
  type RegisterResponse,
} from './answers.ts'
import { decodeBatch, encodeBatch } from './batch-body.ts'
import { decodeLocation, encodeLocation, type Location } from './location.ts'
import { messageIds } from './message-ids.ts'
import { decodeParameters, encodeParameters, type Parameter } from './parameters.ts'
import { controlFields, textFields, textFields2019, transparentFields } from './platform-bodies.ts'
import {
  type Authentication,
  decodeAuthentication,
  decodeRegistration,
  encodeAuthentication,
  encodeRegistration,
  type Registration,
} from './registration.ts'
import { replyFields } from './replies.ts'

/** Decoded fields of a body, with the names and units of docs/protocols/jt808.md. */
export type BodyFields = Readonly<Record<string, unknown>>

/** How the bodies of one kind of message are read and written. `BAD_CONTENT` for what is none. */
interface BodyKind {
  readonly kind: string
  decode(body: Buffer, version2019: boolean, id: number): object
  encode(fields: BodyFields, version2019: boolean): Buffer
}

const empty = (kind: string): BodyKind => ({ kind, decode: () => ({}), encode: () => Buffer.alloc(0) })

const generalResponse = (kind: string): BodyKind => ({
  kind,
  decode: decodeGeneralResponse,
  encode: (fields) => encodeGeneralResponse(fields as unknown as GeneralResponse),
})

const transparent: BodyKind = {
  kind: 'transparent',
  decode(body) {
    const { transparent_type, data } = transparentFields.decode(body)
    return { transparent_type, data_hex: data.toString('hex') }
  },
  encode: ({ transparent_type, data_hex }) =>
    transparentFields.encode({
      transparent_type: transparent_type as number,
      data: Buffer.from(data_hex as string, 'hex'),
    }),
}

const other: BodyKind = {
  kind: 'other',
  decode: (body, _, id) => ({ body_hex: body.toString('hex'), ...replyFields(id, body) }),
  encode: ({ body_hex }) => Buffer.from(body_hex as string, 'hex'),
}

/** By message id. All others are `other`. */
const kinds: ReadonlyMap<number, BodyKind> = new Map<number, BodyKind>([
  [messageIds.generalAnswer, generalResponse('terminal_general_response')],
  [messageIds.heartbeat, empty('heartbeat')],
  [messageIds.logout, empty('logout')],
  [
    messageIds.register,
    {
      kind: 'register',
      decode: decodeRegistration,
      encode: (fields) => encodeRegistration(fields as unknown as Registration),
    },
  ],
  [
    messageIds.authenticate,
    {
      kind: 'authenticate',
      decode: decodeAuthentication,
      encode: (fields, version2019) => encodeAuthentication(fields as unknown as Authentication, version2019),
    },
  ],
  [
    messageIds.location,
    {
      kind: 'location',
      decode: (body) => ({ location: decodeLocation(body) }),
      encode: ({ location }) => encodeLocation(location as Location),
    },
  ],
  [
    messageIds.locationBatch,
    {
      kind: 'location_batch',
      decode(body) {
        const { batch_type, items } = decodeBatch(body)
        return { batch_type, count: items.length, locations: items.map(decodeLocation) }
      },
      encode: ({ batch_type, locations }) =>
        encodeBatch({
          batch_type: batch_type as number,
          items: (locations as readonly Location[]).map(encodeLocation),
        }),
    },
  ],
  [messageIds.transparent, transparent],
  [messageIds.platformAnswer, generalResponse('platform_general_response')],
  [
    messageIds.registerAnswer,
    {
      kind: 'register_response',
      decode: decodeRegisterResponse,
      encode: (fields) => encodeRegisterResponse(fields as unknown as RegisterResponse),
    },
  ],
  [
    messageIds.setParameters,
    {
      kind: 'set_parameters',
      decode: (body) => ({ parameters: decodeParameters(body) }),
      encode: ({ parameters }) => encodeParameters(parameters as readonly Parameter[]),
    },
  ],
  [
    messageIds.terminalControl,
    {
      kind: 'terminal_control',
      decode: (body) => controlFields.decode(body),
      encode: ({ command, parameters_text = '' }) =>
        controlFields.encode({ command: command as number, parameters_text: parameters_text as string }),
    },
  ],
  [
    messageIds.text,
    {
      kind: 'text',
      decode: (body, version2019) => (version2019 ? textFields2019 : textFields).decode(body),
      encode(fields, version2019) {
        const { flag = 1, text_type = 1, text: value } = fields as { flag?: number; text_type?: number; text: string }
        if (version2019) return textFields2019.encode({ flag, text_type, text: value })
        return textFields.encode({ flag, text: value })
      },
    },
  ],
  [messageIds.transparentDown, transparent],
])

/** True for messages that only a platform sends. */
export function isOfPlatform(id: number): boolean {
  return id >= 0x8000
}

/** A body that was decoded. */
export interface DecodedBody {
  readonly kind: string
  readonly fields: BodyFields
}

/**
 * Decodes a body; ids without a form of their own give `other` with `body_hex`. `BAD_CONTENT` for what is none of its kind, but for
 * messages of a platform, which nobody answers: those are `other` then.
 */
export function decodeBody(id: number, body: Buffer, version2019: boolean): DecodedBody {
  const found = kinds.get(id) ?? other
  try {
    return { kind: found.kind, fields: found.decode(body, version2019, id) as BodyFields }
  } catch (thrown) {
    if (!isOfPlatform(id)) throw thrown as GatewayError
    return { kind: other.kind, fields: other.decode(body, version2019, id) as BodyFields }
  }
}

/** Encodes the fields that {@link decodeBody} gives; for ids without a form of their own, and for any with it, `body_hex` is the body. */
export function encodeBody(id: number, fields: BodyFields, version2019: boolean): Buffer {
  const found = typeof fields.body_hex === 'string' ? other : (kinds.get(id) ?? other)
  return found.encode(fields, version2019)
}
