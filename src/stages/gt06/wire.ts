import { GatewayError } from '../../core/errors.ts'
import { checkOf } from '../check-kinds.ts'
import { checksum } from '../checksum.ts'

/** A length of one byte follows, or of two. */
const startMarks = { short: Buffer.of(0x78, 0x78), long: Buffer.of(0x79, 0x79) }

/** Bytes of the longest frame with a length of one byte: start mark, length, what it can count, stop. */
export const shortFrameLength = 260

/** Bytes of the shortest frame: start mark, length, type, serial, CRC, stop. */
export const leastBytes = 10

/** Bytes that a length counts besides the content: type, serial, CRC. */
const countedBytes = 5

const crcX25 = checkOf('CRC-16/X-25')
const check = checksum('CRC-16/X-25', { over: { from: 2 }, strip: false })

/** What is wrong with the CRC of a frame, from start mark to CRC: `CHECKSUM_MISMATCH`; `FRAME_DAMAGED` where there is no room for one. */
export function faultOf(frame: Buffer): GatewayError | undefined {
  return check.verify(frame)
}

/** Whether a frame, from start mark to CRC, has the right CRC; without a reason why it has not. */
export function isSound(frame: Buffer): boolean {
  const crcAt = frame.length - 2
  return crcX25.compute(frame, 2, crcAt) === frame.readUInt16BE(crcAt)
}

/** A frame taken apart. */
export interface Gt06Wire {
  /** `7878`, or `7979` where the length has two bytes. */
  readonly start: '7878' | '7979'
  /** What kind of message it is: the protocol number, a byte. */
  readonly type: number
  readonly content: Buffer
  /** Counts the sender's frames, 16 bits; an answer repeats it. */
  readonly serial: number
  /** As the frame has it. */
  readonly crc: number
}

/** Takes a frame apart, from start mark to CRC. Throws `FRAME_DAMAGED` for one without room for type and serial. */
export function fromWire(frame: Buffer): Gt06Wire {
  const start = frame[0] === 0x79 ? '7979' : '7878'
  const typeAt = start === '7979' ? 4 : 3
  const serialAt = frame.length - 4
  if (serialAt <= typeAt) {
    const message = `a frame of ${frame.length + 2} bytes has no room for a type and a serial; ${typeAt + 7} are the least`
    throw new GatewayError('FRAME_DAMAGED', message)
  }
  return {
    start,
    type: frame[typeAt] as number,
    content: frame.subarray(typeAt + 1, serialAt),
    serial: frame.readUInt16BE(serialAt),
    crc: frame.readUInt16BE(serialAt + 2),
  }
}

/**
 * Puts a frame together, from start mark to CRC, with its length and its check. Throws `MESSAGE_TOO_LARGE` for content that the length
 * cannot count: 250 bytes after `78 78`, 65,530 after `79 79`.
 */
export function toWire({ start, type, content, serial }: Omit<Gt06Wire, 'crc'>): Buffer {
  const long = start === '7979'
  const most = (long ? 0xffff : 0xff) - countedBytes
  if (content.length > most) {
    throw new GatewayError(
      'MESSAGE_TOO_LARGE',
      `a frame that begins with ${start} holds ${most} bytes, not ${content.length}`,
    )
  }
  const typeAt = long ? 4 : 3
  const frame = Buffer.alloc(typeAt + countedBytes + content.length)
  frame.set(long ? startMarks.long : startMarks.short)
  if (long) frame.writeUInt16BE(content.length + countedBytes, 2)
  else frame[2] = content.length + countedBytes
  frame[typeAt] = type
  frame.set(content, typeAt + 1)
  const serialAt = frame.length - 4
  frame.writeUInt16BE(serial, serialAt)
  frame.writeUInt16BE(crcX25.compute(frame, 2, serialAt + 2), serialAt + 2)
  return frame
}
