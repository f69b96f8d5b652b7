import { type Codec, codec } from '../../core/codec.ts'
import { isGivenUp } from '../../core/command-expiry.ts'
import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Command, hello, type Outcome, type Receipt } from '../../core/items.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import type { Outlet, Stage } from '../../core/stage.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import { GivenCommands } from '../given-commands.ts'
import { commandText } from './command-text.ts'
import { encodeGt06, messageOf } from './decode.ts'
import { momentOf } from './device-time.ts'
import { isFound } from './framing.ts'
import type { Gt06CommandResponse, Gt06Login, Gt06Message, Gt06Position } from './messages.ts'
import { fromWire, type Gt06Wire, toWire } from './wire.ts'

/** Options of {@link gt06Codec}. */
export interface Gt06CodecOptions {
  /** Also puts start mark and CRC of a frame into its message; default false. */
  readonly envelope?: boolean
  /** Sends heartbeats and time requests up as telemetry too; default true, as heartbeats say state, battery and signal. */
  readonly heartbeats?: boolean
  /** Answers locations once the hub has them; default false, as vendors do not ask for it. */
  readonly acknowledgeLocations?: boolean
  /** How far the clocks of terminals are before UTC whose login does not say it, in minutes; default: nobody knows. */
  readonly utcOffsetMinutes?: number
  /** Language bytes of commands, such as 1 (Chinese) or 2 (English); default: commands have none. */
  readonly commandLanguage?: number
  /** What the text of a terminal's reply says of the command; default: it was carried out, as nothing tells one text from another. */
  readonly commandOutcome?: (text: string) => Outcome
  /** What terminals that ask are told; default: the system's clock. */
  readonly clock?: () => Date
}

type Out = Outlet<Messages['up'], Frames['down']>

/** No zone is farther from Greenwich. */
const mostOffsetMinutes = 14 * 60

const login = 0x01
const heartbeats: ReadonlySet<number> = new Set([0x13, 0x23])
const alarms: ReadonlySet<number> = new Set([0x16, 0x26, 0x27])
const locations: ReadonlySet<number> = new Set([0x10, 0x12, 0x22, 0xa0])

/** What a reading's answer repeats of its frame. */
type Gt06Tag = Pick<Gt06Wire, 'start' | 'type' | 'serial'>

/**
 * The codec of GT06 trackers, behind `gt06Framing`. Bodies are the fields of `Gt06Message` as JSON.
 *
 * ```
 * from the device                        answer
 * 01 login                               01 at once, also while the hub is not heard of, and to unknown devices
 * 13, 23 heartbeat                       the same type at once, after a login
 * 8A time request                        8A and six bytes of UTC at once
 * 16, 26, 27 alarm                       the same type once the hub has it
 * 10, 12, 22, A0 location                nothing; with `acknowledgeLocations` the same type once the hub has it
 * 15, 21 reply                           nothing; it settles the command whose flag it repeats, and goes up where that was given up
 * others                                 nothing
 * ```
 * An answer has start mark, type and serial of what it answers. A frame without content, other than a time request, is a server's answer
 * and never answered: two that answer each other would not stop.
 *
 * Reads ahead of a hello, so that answers at once are such. Nothing tells a device of an error. Errors: `BAD_CONTENT` for a login too short
 * for an IMEI (it is answered, as a tracker that is not starts anew for ever); what is not understood otherwise goes up as `other`.
 */
export function gt06Codec(options: Gt06CodecOptions = {}): Stage<Frames, Messages> {
  const { utcOffsetMinutes = 0, commandLanguage = 0 } = options
  for (const [name, value, most] of [
    ['utcOffsetMinutes', Math.abs(utcOffsetMinutes), mostOffsetMinutes],
    ['commandLanguage', commandLanguage, 0xffff],
  ] as const) {
    if (Number.isInteger(value) && value >= 0 && value <= most) continue
    throw new GatewayError('CONFIGURATION', `gt06: ${name} must be an integer of at most ${most}, not ${value}`)
  }
  const made = codec<Frames>('gt06', (connection) => new Gt06Codec(connection, options))
  return { ...made, open: (connection) => ({ ...made.open(connection), ahead: true }) }
}

class Gt06Codec implements Codec<Frames> {
  readonly #connection: Connection
  readonly #options: Gt06CodecOptions
  readonly #commands = new GivenCommands()
  #imei: string | undefined
  #utcOffsetMinutes: number | undefined
  #serial = 0
  #flag: number

  constructor(connection: Connection, options: Gt06CodecOptions) {
    this.#connection = connection
    this.#options = options
    this.#utcOffsetMinutes = options.utcOffsetMinutes
    // Not from 1: a reply that is late by a connection must not settle another command.
    this.#flag = Math.floor(this.#now().getTime() / 1000) >>> 0
  }

  decode(frame: Buffer, out: Out): Messages['up'] | readonly Messages['up'][] | undefined {
    const wire = fromWire(frame)
    const message = messageOf(wire)
    if (wire.type === login) return this.#decodeLogin(wire, message, out)
    if (message.kind === 'time_request') {
      out.reply(toWire({ ...wire, content: this.#timeContent() }))
      return this.#heartbeat(wire, message)
    }
    if (heartbeats.has(wire.type)) {
      if (this.#isLoggedIn && wire.content.length > 0) out.reply(answerTo(wire))
      return this.#heartbeat(wire, message)
    }
    if (message.kind === 'command_response' && this.#commands.has(String(message.server_flag))) {
      const settled = this.#settled(message)
      // Nobody may hear a late receipt.
      return isGivenUp(settled.of) ? [this.#reading(wire, message), settled] : settled
    }
    return this.#reading(wire, message)
  }

  encode(item: Messages['down']): Buffer | undefined {
    if (item.kind === 'command') return this.#encodeCommand(item)
    const { of, outcome } = item
    // Logins were answered when they came. Nothing says no: who hears nothing sends its alarm again.
    if (of.kind === 'hello' || of.tag === undefined || outcome !== 'complete') return undefined
    return answerTo(of.tag as Gt06Tag)
  }

  #decodeLogin(wire: Gt06Wire, message: Gt06Message, out: Out): Messages['up'] | undefined {
    if (message.kind !== 'login') {
      if (wire.content.length === 0) return this.#reading(wire, message)
      out.reply(answerTo(wire))
      throw new GatewayError('BAD_CONTENT', `a login of ${wire.content.length} bytes has no IMEI, which takes 8`)
    }
    const { imei, utc_offset_minutes } = message as Gt06Message<Gt06Login>
    // Another device on a connection that is known closes it: not with a welcome first.
    const isOther = this.#connection.identity !== undefined && this.#imei !== undefined && this.#imei !== imei
    if (!isOther) {
      out.reply(answerTo(wire))
      this.#imei = imei
      const known = utc_offset_minutes !== undefined && Math.abs(utc_offset_minutes) <= mostOffsetMinutes
      this.#utcOffsetMinutes = known ? utc_offset_minutes : this.#options.utcOffsetMinutes
    }
    return hello({ deviceId: imei }, undefined, this.#body(message))
  }

  #heartbeat(wire: Gt06Wire, message: Gt06Message): Messages['up'] | undefined {
    return (this.#options.heartbeats ?? true) ? this.#reading(wire, message) : undefined
  }

  #reading(wire: Gt06Wire, message: Gt06Message): Messages['up'] {
    const { start, type, content, serial } = wire
    const answered = alarms.has(type) || (locations.has(type) && this.#options.acknowledgeLocations === true)
    const tag: Gt06Tag | undefined = answered && content.length > 0 ? { start, type, serial } : undefined
    const { device_time } = message as Partial<Gt06Position>
    return decodedTelemetry(this.#body(message), {
      protocol: 'gt06',
      type: message.kind,
      tag,
      // Serials begin anew when a tracker does: without a time, other readings would get the same id.
      messageId: device_time && `${device_time}-${serial}-${frameDigest(Buffer.concat([Buffer.of(type), content]))}`,
      time: this.#timeOf(message),
    })
  }

  #timeOf(message: Gt06Message): Date | undefined {
    const { device_time, time_basis } = message as Partial<Gt06Position>
    const offset = time_basis === 'utc' ? 0 : this.#utcOffsetMinutes
    return device_time === undefined || offset === undefined ? undefined : momentOf(device_time, offset)
  }

  #body(message: Gt06Message): object {
    if (this.#options.envelope) return message
    const { start, crc_itu, ...body } = message
    return body
  }

  #settled(message: Gt06Message<Gt06CommandResponse>): Receipt<Command> {
    const { server_flag, text } = message
    const outcome = this.#options.commandOutcome?.(text) ?? 'complete'
    const status = { complete: 200, abandon: 503, reject: 400 }[outcome]
    return this.#commands.answered({ id: String(server_flag), outcome, status, body: this.#body(message) })
  }

  #encodeCommand(command: Command): Buffer {
    const language = this.#options.commandLanguage
    const text = commandText(command, language === undefined ? 0 : 2)
    this.#flag = (this.#flag + 1) >>> 0
    this.#serial = (this.#serial + 1) & 0xffff
    const frame = encodeGt06({
      kind: 'command',
      start: '7878',
      protocol_number: '0x80',
      serial: this.#serial,
      server_flag: this.#flag,
      text: text.toString('latin1'),
      language: language ?? null,
    })
    if (!isFound(frame)) {
      throw new GatewayError(
        'BAD_CONTENT',
        'the text of the command holds a frame, or the beginning of one: no tracker could tell',
      )
    }
    this.#commands.add(command, String(this.#flag))
    return frame
  }

  get #isLoggedIn(): boolean {
    return this.#imei !== undefined || this.#connection.identity !== undefined
  }

  #now(): Date {
    return this.#options.clock?.() ?? new Date()
  }

  #timeContent(): Buffer {
    const now = this.#now()
    return Buffer.of(
      now.getUTCFullYear() - 2000,
      now.getUTCMonth() + 1,
      now.getUTCDate(),
      now.getUTCHours(),
      now.getUTCMinutes(),
      now.getUTCSeconds(),
    )
  }
}

const nothing = Buffer.alloc(0)

/** Start mark, type and serial of what it answers, and no content. */
function answerTo({ start, type, serial }: Gt06Tag): Buffer {
  return toWire({ start, type, content: nothing, serial })
}
