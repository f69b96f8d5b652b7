import { coilOn } from './rtu-request.ts'
import { exceptionBit, exceptionBytes } from './rtu-response.ts'

/** How long the request and the response are that may begin somewhere; 0: none; more than there is: not known yet, or not whole. */
export interface FramesAt {
  readonly request: number
  readonly response: number
}

const none: FramesAt = { request: 0, response: 0 }

/** Bytes of registers or bits that fit into a frame of 256. */
const mostData = 250

/** Functions whose exceptions are looked for: all public ones. */
const publicFunctions: ReadonlySet<number> = new Set([
  1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 20, 21, 22, 23, 24, 43,
])

/**
 * Which frames may begin at `from`, by function and the lengths that follow from it. Nobody asked for them, so they are told from
 * noise by what the specification allows: quantities of 1 or more, bytes that agree with them, coils that are on or off.
 *
 * ```
 *                 request                                          response
 * 1, 2, 3, 4      unit fn address quantity crc              8      unit fn count data crc             5 + count
 * 5, 6            unit fn address value crc                 8      the same                           8
 * 15, 16          unit fn address quantity count data crc   9 + count    unit fn address quantity crc 8
 * 80 + fn         -                                                unit fn code crc                   5
 * ```
 */
export function framesAt(window: Buffer, from: number): FramesAt {
  const present = window.length - from
  if (present < 2) return { request: 2, response: 2 }
  const code = window[from + 1] as number
  if (code >= exceptionBit)
    return publicFunctions.has(code ^ exceptionBit) ? { ...none, response: exceptionBytes } : none
  if (code >= 1 && code <= 4)
    return { request: readRequest(window, from, code), response: readResponse(window, from, code) }
  if (code === 5 || code === 6) {
    const bytes = code === 6 || isCoilValue(window, from) ? 8 : 0
    return { request: bytes, response: bytes }
  }
  if (code === 15 || code === 16) return writes(window, from, code)
  return none
}

function readRequest(window: Buffer, from: number, code: number): number {
  if (window.length - from < 6) return 8
  const quantity = window.readUInt16BE(from + 4)
  return quantity >= 1 && quantity <= (code <= 2 ? 2000 : 125) ? 8 : 0
}

function readResponse(window: Buffer, from: number, code: number): number {
  const count = window[from + 2]
  if (count === undefined) return 3
  if (count < 1 || count > mostData || (code > 2 && count % 2 !== 0)) return 0
  return 5 + count
}

function isCoilValue(window: Buffer, from: number): boolean {
  if (window.length - from < 6) return true
  const value = window.readUInt16BE(from + 4)
  return value === coilOn || value === 0
}

function writes(window: Buffer, from: number, code: number): FramesAt {
  const present = window.length - from
  if (present < 6) return { request: 8, response: 8 }
  const quantity = window.readUInt16BE(from + 4)
  if (quantity < 1 || quantity > (code === 15 ? 1968 : 123)) return none
  const count = window[from + 6]
  if (count === undefined) return { request: 8, response: 8 }
  const right = code === 15 ? Math.ceil(quantity / 8) : 2 * quantity
  return { request: count === right ? 9 + count : 0, response: 8 }
}
