import { checkOf } from '../check-kinds.ts'
import { type Exchange, replyBytesAt } from './exchange.ts'
import { framesAt } from './frames-at.ts'
import type { PacketFields, PacketPattern } from './packet.ts'

/** A packet that has neither length nor check. */
export interface SeenPacket {
  readonly kind: 'packet'
  readonly bytes: number
  readonly pattern: PacketPattern
  readonly fields: PacketFields
}

/** The reply to the request that waits for one. */
export interface SeenReply {
  readonly kind: 'reply'
  readonly bytes: number
}

/** A frame that nobody asked for; both a request and a response where its bytes do not tell. */
export interface SeenFrame {
  readonly kind: 'frame'
  readonly bytes: number
  readonly isRequest: boolean
  readonly isResponse: boolean
}

/** Nothing begins here. `damaged`: the length of what would be a frame but for its CRC; 0 where there is no such. */
export interface SeenNothing {
  readonly kind: 'nothing'
  readonly damaged: number
}

/** What lies at one place; `wait`: more bytes must come before that can be told. */
export type Seen = SeenPacket | SeenReply | SeenFrame | SeenNothing | { readonly kind: 'wait' }

/** The most bytes that a frame takes here: the specification has 256, a count of 255 would make 260. */
export const mostFrameBytes = 260

const crc = checkOf('CRC-16/MODBUS')
const wait: Seen = { kind: 'wait' }

/**
 * Looks for what a DTU may say where it lies: packets of registration and heartbeat first, in the order given, then the reply to the
 * request that waits, then, where that is wanted, any frame at all. A packet of a single byte is looked for last, as that byte may also
 * be the unit of a frame.
 */
export class ByteSearch {
  readonly #packets: readonly PacketPattern[]
  readonly #single: readonly PacketPattern[]
  /** The request that waits for its reply. */
  awaited: Exchange | undefined
  /** Whether frames that nobody asked for are looked for. */
  anyFrame = false
  #damaged = 0

  constructor(packets: readonly PacketPattern[]) {
    this.#packets = packets.filter(({ maxBytes }) => maxBytes > 1)
    this.#single = packets.filter(({ maxBytes }) => maxBytes === 1)
  }

  /** What lies in `window` from `from` on. Not patient: what is not whole is none. */
  at(window: Buffer, from: number, patient: boolean): Seen {
    this.#damaged = 0
    return (
      packetAt(this.#packets, window, from, patient) ??
      this.#replyAt(window, from, patient) ??
      this.#frameAt(window, from, patient) ??
      packetAt(this.#single, window, from, patient) ?? { kind: 'nothing', damaged: this.#damaged }
    )
  }

  #replyAt(window: Buffer, from: number, patient: boolean): Seen | undefined {
    if (this.awaited === undefined) return undefined
    const bytes = replyBytesAt(window, from, this.awaited)
    if (bytes === 0) return undefined
    if (bytes > window.length - from) return patient ? wait : undefined
    return this.#isRight(window, from, bytes) ? { kind: 'reply', bytes } : undefined
  }

  #frameAt(window: Buffer, from: number, patient: boolean): Seen | undefined {
    if (!this.anyFrame) return undefined
    const { request, response } = framesAt(window, from)
    const present = window.length - from
    // The shorter one first: whether it is there must not depend on whether the longer one could be.
    for (const bytes of [Math.min(request, response), Math.max(request, response)]) {
      if (bytes === 0) continue
      if (bytes > present && patient) return wait
      if (bytes > present || !this.#isRight(window, from, bytes)) continue
      return { kind: 'frame', bytes, isRequest: bytes === request, isResponse: bytes === response }
    }
    return undefined
  }

  #isRight(window: Buffer, from: number, bytes: number): boolean {
    const end = from + bytes
    if (crc.compute(window, from, end - 2) === window.readUInt16LE(end - 2)) return true
    this.#damaged = Math.max(this.#damaged, bytes)
    return false
  }
}

function packetAt(
  patterns: readonly PacketPattern[],
  window: Buffer,
  from: number,
  patient: boolean,
): Seen | undefined {
  for (const pattern of patterns) {
    const sight = pattern.at(window, from)
    const mayChange = sight.kind === 'begun' || (sight.kind === 'match' && sight.mayGrow)
    if (mayChange && patient) return wait
    if (sight.kind === 'match') return { kind: 'packet', bytes: sight.bytes, pattern, fields: sight.fields }
  }
  return undefined
}
