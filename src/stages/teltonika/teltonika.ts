import { type Codec, codec } from '../../core/codec.ts'
import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { hello, type Receipt, receipt } from '../../core/items.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import type { Outlet, Stage } from '../../core/stage.ts'
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
  /** How long the endpoint waits for the answer to a command, in ms; default 50000. A command held for longer than half of it is not sent. */
  readonly answerTimeoutMs?: number
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
  return codec<Frames>('teltonika', (connection) => new TeltonikaCodec(options, connection))
}

type Out = Outlet<Messages['up'], Buffer>

class TeltonikaCodec implements Codec<Frames> {
  readonly #options: TeltonikaCodecOptions
  readonly #connection: Connection
  readonly #turn: CommandTurn
  /** What the device logged in as. */
  #imei: string | undefined

  constructor(options: TeltonikaCodecOptions, connection: Connection) {
    this.#options = options
    this.#connection = connection
    this.#turn = new CommandTurn(options.answerTimeoutMs ?? 50_000)
  }

  decode(frame: Buffer, out: Out): Messages['up'] | readonly Messages['up'][] | undefined {
    if (frame[0] === keepalive) return this.#heartbeat({ kind: 'keepalive' })
    if (frame[1] !== 0) return this.#logIn(frame)
    if (!this.#isKnown) throw new GatewayError('NOT_IDENTIFIED', 'a packet came before the login')
    const { data, crc16 } = openPacket(frame)
    const beside = this.#options.envelope ? { crc16 } : {}
    if (isAvlCodec(data[0])) return this.#records(data, beside, out)
    if (isMessageCodec(data[0])) return this.#messages(data, beside)
    return this.#unknown(data, out)
  }

  encode(item: Messages['down']): readonly Buffer[] {
    if (item.kind === 'command') return listed(this.#turn.give(speakCommand(item, this.#knownImei)))
    const { of } = item
    if (of.kind === 'hello') return [Buffer.of(item.outcome === 'complete' ? 1 : 0)]
    if (!(of.tag instanceof ReceiptGroup)) return []
    return this.#settle(of.tag, item)
  }

  get #isKnown(): boolean {
    return this.#imei !== undefined || this.#connection.identity !== undefined
  }

  get #knownImei(): string | undefined {
    const id = this.#imei ?? this.#connection.identity?.deviceId
    return id !== undefined && /^\d+$/.test(id) ? id : undefined
  }

  #logIn(frame: Buffer): Messages['up'] {
    if (this.#imei !== undefined) throw new GatewayError('IDENTITY_CHANGED', 'a second login on one connection')
    const imei = frame.toString('latin1', 2)
    this.#imei = imei
    return hello({ deviceId: imei }, undefined, { kind: 'login', imei })
  }

  #records(data: Buffer, beside: object, out: Out): Messages['up'] | readonly Messages['up'][] | undefined {
    const { records = 'split', avlIds } = this.#options
    const decoded = decodeAvl(data)
    this.#turn.packetCame()
    if (decoded.packet.record_count > 0) return readingsOf(decoded, beside, { records, avlIds })
    for (const frame of this.#answer(0)) out.reply(frame)
    return this.#heartbeat({ ...decoded.packet, ...beside })
  }

  #messages(data: Buffer, beside: object): Messages['up'] | readonly Messages['up'][] {
    const packet = decodeMessages(data)
    const body = { ...packet, ...beside }
    const type = packet.messages[0]?.type
    const isRefusal = packet.codec === 14 && type === refusalType
    const answered = type === responseType || isRefusal ? this.#turn.answered(packet.codec) : undefined
    if (answered === undefined) return unasked(packet, body, data)
    const response = { status: isRefusal ? 400 : 200, body }
    const settled = receipt(answered.command, isRefusal ? 'reject' : 'complete', undefined, response)
    // Nobody may hear a late receipt.
    return answered.isLate ? [unasked(packet, body, data), settled] : settled
  }

  #unknown(data: Buffer, out: Out): never {
    const [codec, count] = data as Buffer & [number, number]
    if (this.#options.unknownCodec === 'acknowledge') out.reply(countFrame(count))
    throw new GatewayError('BAD_CONTENT', `the codec ${codec} of a packet is none of 8, 12, 13, 14, 15, 16, 142`)
  }

  #heartbeat(body: object): Messages['up'] | undefined {
    // Before the login nothing but a login may go up.
    if (!this.#options.heartbeats || !this.#isKnown) return undefined
    return decodedTelemetry(body, { protocol, type: 'heartbeat' })
  }

  #settle(packet: PacketReceipts, item: Receipt<unknown>): readonly Buffer[] {
    if (!packet.settle(item)) return []
    const settled = packet.completed + (this.#options.rejectedRecords === 'acknowledge' ? packet.rejected : 0)
    return this.#answer(packet.of * settled)
  }

  #answer(records: number): readonly Buffer[] {
    return [countFrame(records), ...listed(this.#turn.packetAnswered())]
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

function listed(frame: Buffer | undefined): readonly Buffer[] {
  return frame === undefined ? [] : [frame]
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return
  throw new GatewayError('CONFIGURATION', `teltonika: ${name} must be one of ${allowed.join(', ')}, not ${value}`)
}
