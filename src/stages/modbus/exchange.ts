import { encodeRequest, type RtuRequest } from './rtu-request.ts'
import { exceptionBit, exceptionBytes } from './rtu-response.ts'

/** A request, and what is a reply to it. */
export interface Exchange {
  readonly asked: RtuRequest
  /** As it goes on the wire. */
  readonly request: Buffer
  /** What a reply begins with that is no exception: unit, function, and the bytes that are known beforehand. */
  readonly replyHead: Buffer
  /** How long such a reply is; 0 where unit 0 was addressed, which answers nothing. */
  readonly replyBytes: number
}

/** Prepares a request. Errors: `BAD_CONTENT` for numbers that have no room. */
export function exchangeOf(asked: RtuRequest): Exchange {
  const request = encodeRequest(asked)
  if (asked.unit === 0) return { asked, request, replyHead: Buffer.alloc(0), replyBytes: 0 }
  if ('quantity' in asked) {
    const count = asked.function <= 2 ? Math.ceil(asked.quantity / 8) : 2 * asked.quantity
    return { asked, request, replyHead: Buffer.of(asked.unit, asked.function, count), replyBytes: 5 + count }
  }
  // Writes are answered with their own address and value, or quantity.
  return { asked, request, replyHead: request.subarray(0, 6), replyBytes: 8 }
}

/**
 * How long the reply is that begins at `from`, as far as the bytes there say; more than are there where they do not say yet. 0: none
 * begins there. Its CRC is not looked at.
 */
export function replyBytesAt(window: Buffer, from: number, { replyHead, replyBytes }: Exchange): number {
  if (replyBytes === 0 || window[from] !== replyHead[0]) return 0
  const code = window[from + 1]
  if (code === undefined) return 2
  if (code === ((replyHead[1] as number) | exceptionBit)) return exceptionBytes
  const present = Math.min(replyHead.length, window.length - from)
  return window.compare(replyHead, 0, present, from, from + present) === 0 ? replyBytes : 0
}
