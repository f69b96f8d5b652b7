import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { type Command, failedReceipt, hello, type Receipt, receipt } from '../../core/items.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import { type Outlet, type Stage, stage } from '../../core/stage.ts'
import { decodedTelemetry } from '../decoded-telemetry.ts'
import { frameDigest } from '../frame-digest.ts'
import { ReceiptGroup } from '../receipt-group.ts'
import { decodeAvl, isAvlCodec } from './avl.ts'
import { type AvlIds, checkAvlIds } from './avl-ids.ts'
import { speakCommand } from './command-frame.ts'
import { CommandTurn } from './command-turn.ts'
import { keepalive } from './framing.ts'
import { decodeMessages, type GprsPacket, isMessageCodec, refusalType, responseType } from './messages.ts'
import { countFrame, openPacket } from './packet.ts'
import { PacketAnswers } from './packet-answers.ts'
import { type PacketReceipts, protocol, readingsOf } from './readings.ts'

/** Options of {@link teltonikaCodec}. */
export interface TeltonikaCodecOptions {
  /** `split` (default): a message a record. `pack`: one message a packet, with all its records; one that the hub would not take is split. */
  readonly records?: 'split' | 'pack'
  /**
   * What a packet of an unknown codec with a right CRC is answered. `refuse` (default): nothing, so that the device sends it again, for
   * ever. `acknowledge`: as many records as it says to have. Either way it is dead-lettered.
   */
  readonly unknownCodec?: 'refuse' | 'acknowledge'
  /**
   * How records count that the hub will never accept. `refuse` (default): as not accepted, so that the device sends the packet again,
   * for ever. `acknowledge`: as accepted. Either way they are dead-lettered.
   */
  readonly rejectedRecords?: 'refuse' | 'acknowledge'
  /** Names for AVL ids: adds `values`, named and scaled, to each record beside the raw `io`; default none. */
  readonly avlIds?: AvlIds
  /** Adds `crc16` to bodies; default false. */
  readonly envelope?: boolean
  /** Sends keepalives and packets without a record up, as type `heartbeat`; default false. */
  readonly heartbeats?: boolean
}

/**
 * The codec of Teltonika trackers, codecs 8, 8 Extended and 16 up, 12 and 14 down, behind `teltonikaFraming`.
 *
 * ```
 * device → gateway                              gateway → device
 * login                                         01 known, 00 refused
 * packet of codec 8, 8E, 16                     u32: how many of its records the hub has, when that is known of all
 * packet of codec 12 to 15                      nothing: an answer to a command, or telemetry
 * FF                                            nothing
 *                                               packet of codec 12 or 14: a command, one at a time, after an answer to records
 * ```
 * Errors: `NOT_IDENTIFIED` for a packet before the login, `IDENTITY_CHANGED` for a second login, `CHECKSUM_MISMATCH`, `BAD_CONTENT` for a
 * packet that is not what its codec says or whose codec is not known; none of them is answered. Down, see `speakCommand`.
 */
export function teltonikaCodec(options: TeltonikaCodecOptions = {}): Stage<Frames, Messages> {
  const { avlIds } = options
  if (avlIds !== undefined) checkAvlIds(avlIds)
  oneOf('records', options.records, ['split', 'pack'])
  oneOf('unknownCodec', options.unknownCodec, ['refuse', 'acknowledge'])
  oneOf('rejectedRecords', options.rejectedRecords, ['refuse', 'acknowledge'])
  return stage<Frames, Messages>('teltonika', (connection) => {
    const codec = new TeltonikaCodec(options, connection)
    return {
      up: (frame, out) => codec.decode(frame, out),
      down: (item, out) => codec.encode(item, out),
    }
  })
}

type Out = Outlet<Messages['up'], Buffer>
type OutDown = Outlet<Buffer, Messages['up']>

class TeltonikaCodec {
  readonly #options: TeltonikaCodecOptions
  readonly #connection: Connection
  readonly #turn = new CommandTurn((command) => speakCommand(command, this.#knownImei))
  readonly #answers = new PacketAnswers()
  /** What the device logged in as. */
  #imei: string | undefined

  constructor(options: TeltonikaCodecOptions, connection: Connection) {
    this.#options = options
    this.#connection = connection
  }

  decode(frame: Buffer, out: Out): void {
    if (frame[0] === keepalive) {
      this.#heartbeat({ kind: 'keepalive' }, out)
      return
    }
    if (frame[1] !== 0) {
      this.#logIn(frame, out)
      return
    }
    if (!this.#isKnown) throw new GatewayError('NOT_IDENTIFIED', 'a packet came before the login')
    const { data, crc16 } = openPacket(frame)
    const beside = this.#options.envelope ? { crc16 } : {}
    if (isAvlCodec(data[0])) this.#records(data, beside, out)
    else if (isMessageCodec(data[0])) this.#messages(data, beside, out)
    else this.#unknown(data, out)
  }

  encode(item: Messages['down'], out: OutDown): void {
    if (item.kind === 'command') {
      const frame = this.#turn.give(item, this.#answers.size)
      if (frame !== undefined) out.emit(frame)
      return
    }
    const { of } = item
    if (of.kind === 'hello') out.emit(Buffer.of(item.outcome === 'complete' ? 1 : 0))
    else if (of.tag instanceof ReceiptGroup) this.#settle(of.tag, item, out)
  }

  get #isKnown(): boolean {
    return this.#imei !== undefined || this.#connection.identity !== undefined
  }

  get #knownImei(): string | undefined {
    const id = this.#imei ?? this.#connection.identity?.deviceId
    return id !== undefined && /^\d+$/.test(id) ? id : undefined
  }

  #logIn(frame: Buffer, out: Out): void {
    if (this.#imei !== undefined) throw new GatewayError('IDENTITY_CHANGED', 'a second login on one connection')
    const imei = frame.toString('latin1', 2)
    this.#imei = imei
    out.emit(hello({ deviceId: imei }, undefined, { kind: 'login', imei }))
  }

  #records(data: Buffer, beside: object, out: Out): void {
    const { records = 'split', avlIds } = this.#options
    const decoded = decodeAvl(data)
    const readings = readingsOf(decoded, beside, { records, avlIds })
    if (readings === undefined) {
      this.#answerAtOnce(0, out)
      this.#heartbeat({ ...decoded.packet, ...beside }, out)
      return
    }
    this.#answers.owe(readings.tag)
    for (const each of readings.messages) out.emit(each)
  }

  #messages(data: Buffer, beside: object, out: Out): void {
    const packet = decodeMessages(data)
    const body = { ...packet, ...beside }
    const type = packet.messages[0]?.type
    const isRefusal = packet.codec === 14 && type === refusalType
    const answered = type === responseType || isRefusal ? this.#turn.answered(packet.codec) : undefined
    // Nobody may hear the receipt of one that was given up.
    if (answered?.isAwaited !== true) out.emit(unasked(packet, body, data))
    if (answered === undefined) return
    const response = { status: isRefusal ? 400 : 200, body }
    out.emit(receipt(answered.command, isRefusal ? 'reject' : 'complete', undefined, response))
  }

  #unknown(data: Buffer, out: Out): never {
    const [codec, count] = data as Buffer & [number, number]
    if (this.#options.unknownCodec === 'acknowledge') this.#answerAtOnce(count, out)
    throw new GatewayError('BAD_CONTENT', `the codec ${codec} of a packet is none of 8, 12, 13, 14, 15, 16, 142`)
  }

  #heartbeat(body: object, out: Out): void {
    // Before the login nothing but a login may go up.
    if (this.#options.heartbeats && this.#isKnown) out.emit(decodedTelemetry(body, { protocol, type: 'heartbeat' }))
  }

  /** A packet that the hub need not have; its answer still has its turn behind those that the hub is asked about. */
  #answerAtOnce(records: number, out: Out): void {
    const packet = {}
    this.#answers.owe(packet)
    const refuse = (error: GatewayError, command: Command) => {
      error.stage ??= 'teltonika.down'
      this.#connection.refused(error, [command])
      out.emit(failedReceipt(command, error))
    }
    for (const frame of this.#answered(packet, records, refuse)) out.reply(frame)
  }

  #settle(packet: PacketReceipts, item: Receipt<unknown>, out: OutDown): void {
    if (!packet.settle(item)) return
    const settled = packet.completed + (this.#options.rejectedRecords === 'acknowledge' ? packet.rejected : 0)
    const refuse = (error: GatewayError, command: Command) => out.fail(error, command)
    for (const frame of this.#answered(packet, packet.of * settled, refuse)) out.emit(frame)
  }

  /** Counts that may be said now that one more is known, and the commands that waited for that. */
  #answered(
    packet: object,
    records: number,
    refuse: (error: GatewayError, command: Command) => void,
  ): readonly Buffer[] {
    const counts = this.#answers.known(packet, records)
    if (counts.length === 0) return []
    return [...counts.map(countFrame), ...this.#turn.packetAnswered(this.#answers.size, refuse)]
  }
}

/** What nobody waits for: bytes of a serial port, an answer that came too late, what only servers say. */
function unasked(packet: GprsPacket, body: object, data: Buffer): Messages['up'] {
  const { kind: type, messages } = packet
  const seconds = messages[0]?.timestamp_s
  if (seconds === undefined) return decodedTelemetry(body, { protocol, type })
  const messageId = `${seconds}-${frameDigest(data)}`
  return decodedTelemetry(body, { protocol, type, messageId, time: new Date(1000 * seconds) })
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return
  throw new GatewayError('CONFIGURATION', `teltonika: ${name} must be one of ${allowed.join(', ')}, not ${value}`)
}
