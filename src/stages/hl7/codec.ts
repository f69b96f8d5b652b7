import { randomUUID } from 'node:crypto'
import { type Codec, codec } from '../../core/codec.ts'
import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { hello, type Outcome, type Telemetry, telemetry } from '../../core/items.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import { maxSendBytes } from '../../core/message-size.ts'
import type { Outlet, Stage } from '../../core/stage.ts'
import { isDeviceId } from '../hub-names.ts'
import { acknowledgement, codeOf } from './acknowledgement.ts'
import { componentsOf, faultOf, fieldOf, type Hl7Header, longestHeader, readHeader } from './header.ts'
import { decodeMessage, type Hl7Message } from './message.ts'
import { checkHl7Options, type Hl7Options } from './options.ts'
import { reasonOf } from './reason.ts'
import { senderId } from './sender-id.ts'
import { messageTelemetry } from './telemetry.ts'

type Out = Outlet<Messages['up'], Frames['down']>

/**
 * The codec of HL7 v2 in its usual, "pipes and hats" encoding (ER7). Every message becomes one telemetry, in front of the first of which goes a
 * hello; it is acknowledged (see {@link acknowledgement}) once it is known what became of it: AA when the hub has it, AE when it could not be
 * stored now, AR when it never will be. Acknowledgements from the device go up too and are not answered.
 *
 * Errors, each answered AR but for the first: `BAD_CONTENT` for what is no message, and for a header that cannot be taken (no MSH-10, another
 * version than 2.x, bad delimiters); `BAD_HELLO` for a first message whose sender is not known, `IDENTITY_CHANGED` for a message of another
 * sender than the first, both of which close; `MESSAGE_TOO_LARGE` for one that the hub cannot take. None of them quotes the message. Down,
 * `NOT_SUPPORTED` for every command: HL7 over MLLP has no way to one. `CONFIGURATION` for options that cannot work.
 */
export function hl7(options: Hl7Options = {}): Stage<Frames, Messages> {
  checkHl7Options(options)
  return codec<Frames>('hl7', (connection) => new Hl7Codec(options, connection))
}

class Hl7Codec implements Codec<Frames> {
  readonly #options: Hl7Options
  readonly #connection: Connection
  /** The device whose messages are taken on this connection. */
  #known: string | undefined

  constructor(options: Hl7Options, connection: Connection) {
    this.#options = options
    this.#connection = connection
  }

  decode(block: Buffer, out: Out): Messages['up'] | undefined {
    const header = readHeader(block.toString('latin1', 0, longestHeader + 1))
    if (header === undefined) throw bad(`a block of ${block.length} bytes has no HL7 header`)
    const fault = faultOf(header)
    if (fault !== undefined) return this.#refuse(bad(fault), block, header, out)
    // JSON of it would be longer still.
    if (block.length > maxSendBytes) return this.#refuse(tooLarge(block.length), block, header, out)
    const message = decodeMessage(block, header, this.#options.charset ?? 'UNICODE UTF-8')
    const error = this.#identify(message, header, out)
    if (error !== undefined) return this.#refuse(error, block, header, out)
    return messageTelemetry(message, { block, tag: tagOf(header), options: this.#options })
  }

  encode(item: Messages['down']): Buffer | undefined {
    if (item.kind === 'command') throw new GatewayError('NOT_SUPPORTED', 'HL7 over MLLP has no commands')
    const { of, outcome, error } = item
    // The message that the hello went in front of is still on its way.
    if (of.tag === undefined || (of.kind === 'hello' && outcome === 'complete')) return undefined
    return this.#answer(of.tag as Hl7Header, outcome, error && reasonOf(error))
  }

  /** Emits a hello in front of the first message; returns what is wrong with its sender. */
  #identify(message: Hl7Message, header: Hl7Header, out: Out): GatewayError | undefined {
    let id: string | undefined
    try {
      id = this.#deviceIdOf(message)
    } catch (cause) {
      return new GatewayError('BAD_CONTENT', 'the option deviceId throws', { cause })
    }
    // Whoever identified the connection otherwise, as the program's decode may, means the first sender.
    if (this.#connection.identity !== undefined) this.#known ??= id
    const known = this.#known
    if (id !== undefined && id === known) return undefined
    if (!isDeviceId(id)) return new GatewayError(known === undefined ? 'BAD_HELLO' : 'BAD_CONTENT', unknownSender)
    // Not as a hello: its refusal would overtake the acknowledgements of messages that are on their way.
    if (known !== undefined)
      return new GatewayError('IDENTITY_CHANGED', 'another sender than the first on this connection')
    this.#known = id
    const { sending_application, sending_facility } = message
    out.emit(hello({ deviceId: id }, tagOf(header), { sending_application, sending_facility }))
    return undefined
  }

  #deviceIdOf(message: Hl7Message): string | undefined {
    const { deviceId } = this.#options
    if (deviceId === undefined) return senderId(message.sending_application, message.sending_facility)
    if (typeof deviceId === 'string') return deviceId
    return deviceId(message, this.#connection)
  }

  /** A message that is refused keeps its place, so that acknowledgements keep their order. */
  #refuse(error: GatewayError, block: Buffer, header: Hl7Header, out: Out): undefined {
    if (this.#connection.identity !== undefined) {
      out.fail(error, telemetry(block, { tag: tagOf(header) }))
      return undefined
    }
    // Before the device is known a reading has no receipt, and nothing is on its way that this could overtake.
    const answer = isAcknowledgement(header) ? undefined : this.#answer(header, 'reject', error.message)
    if (answer !== undefined) out.reply(answer)
    out.fail(error, block)
    return undefined
  }

  #answer(header: Hl7Header, outcome: Outcome, text: string | undefined): Buffer | undefined {
    const { acknowledgement: mode = 'original', clock = () => new Date(), controlId = randomId } = this.#options
    const code = codeOf(header, outcome, mode)
    if (code === undefined) return undefined
    return acknowledgement(header, { code, text, controlId: controlId(), time: clock() })
  }
}

const unknownSender =
  'MSH-3 and MSH-4 (sending application and facility) give no device id of 1 to 128 characters; see option deviceId'

/** What the receipt needs; nothing where there is to be no answer: acknowledgements that are acknowledged would go on for ever. */
function tagOf(header: Hl7Header): Telemetry['tag'] {
  return isAcknowledgement(header) ? undefined : header
}

function isAcknowledgement(header: Hl7Header): boolean {
  return componentsOf(header, fieldOf(header, 9))[0] === 'ACK'
}

/** HL7 before 2.7 has room for 20 characters. Node keeps random bytes ready for UUIDs, so that none has to wait for the system. */
function randomId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 20)
}

function tooLarge(bytes: number): GatewayError {
  const message = `a message of ${bytes} bytes exceeds the hub's limit of ${maxSendBytes}`
  return new GatewayError('MESSAGE_TOO_LARGE', message)
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_CONTENT', message)
}
