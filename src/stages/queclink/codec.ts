import { isGivenUp } from '../../core/command-expiry.ts'
import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Command, hello, receipt } from '../../core/items.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import { Secret } from '../../core/secret.ts'
import { type Outlet, type Stage, stage } from '../../core/stage.ts'
import { GivenCommands } from '../given-commands.ts'
import { ReceiptGroup } from '../receipt-group.ts'
import { CommandSerials } from './command-serials.ts'
import { isPlain, writeCommand } from './commands.ts'
import { decodeMessage, type QueclinkMessage } from './message.ts'
import { bodyOf, type ReadingOptions, readingsOf, serverReading } from './readings.ts'
import { decodeServerMessage } from './server-message.ts'
import { heartbeatSack, sack } from './wire.ts'

/** Options of {@link queclinkCodec}. */
export interface QueclinkCodecOptions extends ReadingOptions {
  /** The password of the devices, for commands that bring none. Without it, commands must be full `AT+GTxxx=…$` texts. */
  readonly password?: Secret | string
  /** Sends heartbeats up too, of type `heartbeat`; default false, as they carry no data. */
  readonly heartbeats?: boolean
  /** The device that a server's messages, which name none, are of; default none: where no device is known, they are refused. */
  readonly unnamed?: string
}

type Out = Outlet<Messages['up'], Frames['down']>
type OutDown = Outlet<Frames['down'], Messages['up']>

/**
 * The codec of Queclink @Track in ASCII. Every message names its device: a hello goes in front of the first. Reports become readings,
 * heartbeats are answered at once, the answer to a command is its receipt, and a reading too where the command was given up, or is not known.
 *
 * ```
 * device → gateway                                            gateway → device
 * +ACK:GTHBD,1A0102,<imei>,,<time>,11F0$                      +SACK:GTHBD,1A0102,11F0$
 * +RESP:GTFRI,…,<count>$  +BUFF:GTFRI,…,<count>$              +SACK:<count>$ once the hub has it, with the option sack
 *                                                             AT+GTRTO=<password>,0,,,,,,0014$
 * +ACK:GTRTO,080100,<imei>,,IOS,0014,<time>,11F1$             +SACK:11F1$ with the option sack: at once where it settles a command, else as a report
 * ```
 * Errors: `BAD_CONTENT` for a text that is no message, and for the beginning of one that another message cuts short, which is not touched
 * by that; `IDENTITY_CHANGED` for a message of another device than the first. Down, those of `writeCommand`. `CONFIGURATION` for a password
 * that cannot be sent.
 */
export function queclinkCodec(options: QueclinkCodecOptions = {}): Stage<Frames, Messages> {
  const password = passwordOf(options.password)
  return stage<Frames, Messages>('queclink', (connection) => {
    const codec = new QueclinkCodec(options, password, connection)
    return {
      up: (frame, out) => codec.decode(frame, out),
      down: (item, out) => codec.encode(item, out),
      // A device that gets no answer to its heartbeat connects anew, and would as long as the hub hangs over its hello.
      ahead: true,
    }
  })
}

function passwordOf(given: Secret | string | undefined): Secret | undefined {
  if (given === undefined) return undefined
  const password = typeof given === 'string' ? new Secret(given) : given
  const text = password.reveal()
  if (text !== '' && isPlain(text) && !text.includes(',')) return password
  throw new GatewayError('CONFIGURATION', 'queclink: the password is empty, or holds a comma, $ or control characters')
}

class QueclinkCodec {
  readonly #options: QueclinkCodecOptions
  readonly #password: Secret | undefined
  readonly #connection: Connection
  readonly #commands = new GivenCommands()
  readonly #serials = new CommandSerials()
  /** The device whose messages are taken on this connection. */
  #known: string | undefined

  constructor(options: QueclinkCodecOptions, password: Secret | undefined, connection: Connection) {
    this.#options = options
    this.#password = password
    this.#connection = connection
  }

  decode(frame: Buffer, out: Out): void {
    const all = frame.toString('latin1', 0, frame.length - 1)
    const from = startOfLast(all)
    if (from > 0) {
      const message = `a message was cut short: after ${from} bytes of it another one begins`
      out.fail(new GatewayError('BAD_CONTENT', message), frame.subarray(0, from))
    }
    const text = all.slice(from)
    const said = decodeServerMessage(text)
    if (said === undefined) {
      this.#decodeMessage(decodeMessage(text), text, out)
      return
    }
    const { unnamed } = this.#options
    const nobody = this.#known === undefined && this.#connection.identity === undefined
    if (unnamed !== undefined && nobody) this.#introduce(unnamed, undefined, out)
    out.emit(serverReading(said))
  }

  encode(item: Messages['down'], out: OutDown): void {
    if (item.kind === 'command') {
      const next = () => this.#serials.next(this.#commands.names)
      const { bytes, report, serial } = writeCommand(item, { password: this.#password, serial: next })
      this.#commands.add(item, nameOf(report, serial))
      out.emit(bytes)
      return
    }
    const { tag } = item.of
    if (!(tag instanceof ReceiptGroup) || !tag.settle(item)) return
    // What the hub does not have is not acknowledged, now or ever: the device keeps it.
    if (tag.completed === tag.size) out.emit(sack(tag.of as string))
  }

  #decodeMessage(message: QueclinkMessage, text: string, out: Out): void {
    const { kind, imei, protocol_version, count } = message
    this.#introduce(imei, { imei, protocol_version, device_name: message.device_name }, out)
    if (kind === 'heartbeat') out.reply(heartbeatSack(protocol_version, count))
    if (kind === 'heartbeat' && !this.#options.heartbeats) return
    const answered = this.#answered(message)
    if (answered === undefined || isGivenUp(answered)) {
      for (const each of readingsOf(message, text, this.#options)) out.emit(each)
    } else if (this.#options.sack) out.reply(sack(count))
    if (answered === undefined) return
    out.emit(receipt(answered, 'complete', undefined, { status: 200, body: bodyOf(message, this.#options) }))
  }

  #introduce(deviceId: string, value: unknown, out: Out): void {
    // Whoever identified the connection otherwise, as the program's decode may, means the first device.
    if (this.#connection.identity !== undefined) this.#known ??= deviceId
    if (deviceId === this.#known) return
    // Not as a hello: its refusal would overtake the receipts of readings that are on their way.
    if (this.#known !== undefined) {
      throw new GatewayError('IDENTITY_CHANGED', 'a message on this connection names another device than the first')
    }
    this.#known = deviceId
    out.emit(hello({ deviceId }, undefined, value))
  }

  #answered({ kind, report, command_serial }: QueclinkMessage): Command | undefined {
    if (kind !== 'command_ack' || command_serial === undefined) return undefined
    return this.#commands.take(nameOf(report, command_serial))
  }
}

/** As what a device knows a command; ends with the serial. */
function nameOf(report: string, serial: string): string {
  return `${report}-${serial.toUpperCase()}`
}

const starts = ['+RESP:GT', '+BUFF:GT', '+ACK:GT']

/** Where the last message of a device begins in a text; 0 where that is all of it. */
function startOfLast(text: string): number {
  return Math.max(0, ...starts.map((each) => text.lastIndexOf(each)))
}
