import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { isDeviceId } from '../hub-names.ts'
import { checkCharset } from './charset.ts'
import type { Hl7Message } from './message.ts'

/** Options of {@link hl7}. */
export interface Hl7Options {
  /**
   * Who the device is. Default: whoever MSH-3 and MSH-4 name, see {@link senderId}; then a connection carries one sender. A text: that device,
   * whatever the message names, as for an interface engine that sends for many. A function: the device of a message, by what it holds or where it
   * comes from; undefined for an unknown one.
   */
  readonly deviceId?: string | ((message: Hl7Message, connection: Connection) => string | undefined)
  /**
   * What goes to the hub. `json` (default): the header, the observations and the whole text as JSON. `hl7`: the message as it was sent, byte for
   * byte, of content type `x-application/hl7-v2+er7`.
   */
  readonly body?: 'json' | 'hl7'
  /** The character set of messages whose MSH-18 names none, in HL7's words (table 0211); default `UNICODE UTF-8`. */
  readonly charset?: string
  /**
   * `original` (default): every message is answered AA, AE or AR, whatever MSH-15 and MSH-16 ask for, as most receivers do. `enhanced`: as they ask,
   * see {@link codeOf}.
   */
  readonly acknowledgement?: 'original' | 'enhanced'
  /** Also puts `payload_bytes` into JSON bodies, the length of the block in bytes; default false. */
  readonly envelope?: boolean
  /** MSH-7 of acknowledgements; default the system's clock. */
  readonly clock?: () => Date
  /** MSH-10 of acknowledgements, at most 20 letters or digits, no two alike; default 20 random hexadecimal digits. */
  readonly controlId?: () => string
}

/** Throws `CONFIGURATION` for options that cannot work. */
export function checkHl7Options(options: Hl7Options): void {
  const { deviceId, body = 'json', charset, acknowledgement = 'original' } = options
  if (deviceId !== undefined && typeof deviceId !== 'function' && !isDeviceId(deviceId)) {
    refuse('deviceId must be a function, or 1 to 128 of the characters that IoT Hub allows')
  }
  if (body !== 'json' && body !== 'hl7') refuse(`body must be 'json' or 'hl7', not ${body}`)
  if (acknowledgement !== 'original' && acknowledgement !== 'enhanced') {
    refuse(`acknowledgement must be 'original' or 'enhanced', not ${acknowledgement}`)
  }
  if (charset !== undefined) checkCharset(charset)
}

function refuse(message: string): never {
  throw new GatewayError('CONFIGURATION', `hl7: ${message}`)
}
