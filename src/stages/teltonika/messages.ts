import { GatewayError } from '../../core/errors.ts'
import { teltonikaMessages } from '../schemas/teltonika-messages.ts'

/** The codecs of commands and serial bytes. */
export type MessageCodec = 12 | 13 | 14 | 15

/** Asks the device for something. */
export const requestType = 0x05

/** Answers a request. */
export const responseType = 0x06

/** Codec 14: the IMEI of the request is not the device's. */
export const refusalType = 0x11

/** A command, an answer, or bytes of a serial port. */
export interface GprsMessage {
  readonly type: number
  /** Codecs 13 and 15. */
  readonly timestamp_s?: number
  /** Codecs 14 and 15; up to 16 hexadecimal digits without the zero that fills them up. */
  readonly imei?: string
  readonly payload_hex: string
  /** The payload where it is printable ASCII with tabs and line ends. */
  readonly text?: string
}

/** The messages of a packet; nearly always one. */
export interface GprsPacket {
  readonly kind: 'command_request' | 'command_response' | 'serial_message'
  readonly codec: MessageCodec
  readonly messages: readonly GprsMessage[]
}

/** What {@link encodeMessages} takes of a message. */
export interface SpokenMessage {
  readonly type: number
  readonly timestamp_s?: number
  readonly imei?: string
  readonly payload: Buffer
}

/** Whether data are of a codec of commands or serial bytes. */
export function isMessageCodec(codec: number | undefined): codec is MessageCodec {
  return codec !== undefined && codec >= 12 && codec <= 15
}

interface WireMessage {
  readonly type: number
  readonly content: { readonly timestamp_s?: number; readonly imei?: string; readonly payload: Buffer }
}

/**
 * Decodes data of codecs 12 to 15: all between length and CRC. `kind` is `serial_message` with codec 15, else by the first message:
 * `command_request` for type 05, `command_response` for any other.
 *
 * `BAD_CONTENT` for messages that do not end where they should, and for two numbers of messages that differ.
 */
export function decodeMessages(data: Buffer): GprsPacket {
  const codec = data[0]
  if (!isMessageCodec(codec)) throw new GatewayError('BAD_CONTENT', `the codec ${codec} is none of messages`)
  const { data: decoded } = teltonikaMessages.decode(data)
  const wire: readonly WireMessage[] = decoded.value.messages
  const isRequest = wire[0]?.type === requestType
  const kind = codec === 15 ? 'serial_message' : isRequest ? 'command_request' : 'command_response'
  return { kind, codec, messages: wire.map(spoken) }
}

function spoken({ type, content }: WireMessage): GprsMessage {
  const { timestamp_s, imei, payload } = content
  const text = payload.toString('latin1')
  return {
    type,
    ...(timestamp_s !== undefined && { timestamp_s }),
    ...(imei !== undefined && { imei: imei.replace(/^0/, '') }),
    payload_hex: payload.toString('hex'),
    ...(/^[\t\n\r\x20-\x7e]*$/.test(text) && { text }),
  }
}

/** Encodes one message as data of a codec. `BAD_CONTENT` for what the codec cannot say, such as an IMEI that is missing. */
export function encodeMessage(codec: MessageCodec, message: SpokenMessage): Buffer {
  const { type, payload, timestamp_s = 0, imei: digits } = message
  if (codec === 12) return encoded('codec12', type, { payload })
  if (codec === 13) return encoded('codec13', type, { timestamp_s, payload })
  if (digits === undefined) throw new GatewayError('BAD_CONTENT', `a message of codec ${codec} takes an IMEI`)
  const imei = digits.padStart(16, '0')
  if (codec === 14) return encoded('codec14', type, { imei, payload })
  return encoded('codec15', type, { timestamp_s, imei, payload })
}

type Kinds = Parameters<typeof teltonikaMessages.encode>[0]['data']

/** The content goes with the kind; the one cast says so of all four. */
function encoded(kind: Kinds['kind'], type: number, content: object): Buffer {
  return teltonikaMessages.encode({ data: { kind, value: { messages: [{ type, content }] } } as Kinds })
}
