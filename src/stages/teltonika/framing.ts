import { GatewayError } from '../../core/errors.ts'
import { type Framing, framing } from '../../core/framing.ts'
import { idleBytes } from '../idle-bytes.ts'
import { type Measure, type Measured, MeasuredFinder } from '../measured.ts'
import { headerBytes, packetOverhead } from './packet.ts'

/** Options of {@link teltonikaFraming}. */
export interface TeltonikaFramingOptions {
  /** Longest packet in bytes, header and CRC included: 64 to 1048576; default 8192. */
  readonly maxFrameLength?: number
  /** True: each keepalive is a frame of its own; default: they are passed over. */
  readonly keepalives?: boolean
}

/** The byte between frames by which a device keeps its connection. */
export const keepalive = 0xff

/** IMEIs have 15 digits; other names that devices log in with have about as many. */
const mostDigits = 32

/** Codec, number of records, and the number again. */
const leastData = 3

/**
 * What Teltonika trackers send over TCP: logins, data packets, keepalives; each frame as it was on the wire. Which of them may come
 * when is for the codec.
 *
 * ```
 * 00 0F 33 35 36 …                                   login: u16 length, so many digits
 * 00 00 00 00 │ 00 00 00 36 │ 54 bytes │ CRC u32     data: four zeros, u32 length of what follows without the CRC
 * FF                                                 keepalive
 * ```
 * Down: frames as they are.
 *
 * Errors: `FRAME_CORRUPT` for what begins like none of these, at the first byte that says so (nothing after it can be framed),
 * `FRAME_TOO_LONG` by the header alone, `FRAME_UNTERMINATED`. `CONFIGURATION`.
 */
export function teltonikaFraming(options: TeltonikaFramingOptions = {}): Framing {
  const { maxFrameLength = 8192, keepalives = false } = options
  if (!Number.isInteger(maxFrameLength) || maxFrameLength < 64 || maxFrameLength > 1_048_576) {
    const message = `teltonika: maxFrameLength must be an integer from 64 to 1048576, not ${maxFrameLength}`
    throw new GatewayError('CONFIGURATION', message)
  }
  const frames = framing('teltonikaFraming', {
    maxBytes: maxFrameLength,
    finder: () => new MeasuredFinder(keepalives ? measureAll : measure, maxFrameLength),
    frame: (frame) => frame,
  })
  return keepalives ? frames : idleBytes(frames, Buffer.of(keepalive))
}

const measureAll: Measure = (window, from, seen) =>
  window[from] === keepalive ? { total: 1, contentAt: 0, headerEnd: 1 } : measure(window, from, seen)

const measure: Measure = (window, from) => {
  if (window[from] !== 0) return corrupt(window, from, 1)
  if (window.length - from < 2) return { need: 2 }
  const digits = window[from + 1] as number
  return digits === 0 ? measurePacket(window, from) : measureLogin(window, from, digits)
}

function measurePacket(window: Buffer, from: number): Measured {
  for (const at of [2, 3]) {
    if (from + at >= window.length) return { need: at + 1 }
    if (window[from + at] !== 0) return corrupt(window, from, at + 1)
  }
  if (window.length - from < headerBytes) return { need: headerBytes }
  const length = window.readUInt32BE(from + 4)
  if (length < leastData) {
    return { corrupt: `a packet says that it has ${length} bytes of data, it takes ${leastData}`, shown: headerBytes }
  }
  return { total: length + packetOverhead, contentAt: 0, headerEnd: headerBytes }
}

function measureLogin(window: Buffer, from: number, digits: number): Measured {
  if (digits > mostDigits) return corrupt(window, from, 2)
  for (let at = 2; at < 2 + digits; at++) {
    if (from + at >= window.length) return { need: at + 1 }
    if (!isDigit(window[from + at] as number)) return corrupt(window, from, at + 1)
  }
  return { total: 2 + digits, contentAt: 0, headerEnd: 2 }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function corrupt(window: Buffer, from: number, shown: number): Measured {
  const begin = window.toString('hex', from, from + shown)
  return { corrupt: `what begins with ${begin} is neither a login nor a packet`, shown }
}
