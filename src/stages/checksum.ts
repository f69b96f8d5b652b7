import { GatewayError } from '../core/errors.ts'
import type { Frames } from '../core/levels.ts'
import { type Stage, stage } from '../core/stage.ts'
import type { Check } from './check.ts'
import type { CheckKind } from './check-kinds.ts'
import { type CheckLayout, checkLayoutOf, indexOf } from './check-layout.ts'
import { isAt } from './marks.ts'

/** Options of {@link checksum}. Places below 0 count from the end of the frame, its check included: -1 is its last byte. */
export interface ChecksumOptions {
  /** The bytes checked, from `from` up to, not including, `to`. Default: all before the check, or all behind it where it comes first. */
  readonly over?: { readonly from?: number; readonly to?: number }
  /** Where the check begins; default: so that it ends with the frame. */
  readonly at?: number
  /** Order of its bytes; default `big-endian`. */
  readonly byteOrder?: 'big-endian' | 'little-endian'
  /** `binary` (default), or `hex`: two digits in ASCII a byte, of either case on the way up, in capitals on the way down. */
  readonly encoding?: 'binary' | 'hex'
  /**
   * True: the check is taken off on the way up and put behind the frame on the way down; default where it ends with the frame. False: it
   * stays in the frame, and frames to the device bring bytes in its place that it is written over.
   */
  readonly strip?: boolean
}

/** A check as a stage, and what {@link checked} makes of it. */
export interface Checksum extends Stage<Frames, Frames> {
  /** What is wrong with a frame from the device; undefined where its check is that of its bytes. */
  verify(frame: Buffer): GatewayError | undefined
  /** The frame as it is given up: without its check, or as it is where `strip` is false. A view. */
  strip(frame: Buffer): Buffer
  /** A copy of the frame with its check. Throws `BUG` for one too short for it. */
  write(frame: Buffer): Buffer
}

/**
 * Frames that carry a check of their bytes: verified on the way up, written on the way down.
 *
 * ```
 *                                                                      device                      hub
 * checksum('CRC-16/ARC')                                               A1 A2 A3 FB 68          ↔   A1 A2 A3
 * checksum('CRC-16/MODBUS', { byteOrder: 'little-endian' })            01 04 02 04 B6 3A 46    ↔   01 04 02 04 B6
 * checksum('sum8', { encoding: 'hex' })                                61 62 2A 45 44          ↔   61 62 2A      ("ab*ED", "ab*")
 * checksum('NMEA')                                                     $GPRTE,1*49             ↔   $GPRTE,1
 *   the first two bytes are not checked:
 * checksum('CRC-16/X-25', { over: { from: 2 } })                       78 78 05 01 00 01 D9 DC ↔   78 78 05 01 00 01
 *   16 bits in four bytes:
 * checksum({ ...checkOf('CRC-16/ARC'), size: 4 })                      A1 A2 A3 00 00 FB 68    ↔   A1 A2 A3
 *   the check stays, or stands elsewhere; bytes that are written over wait in its place on the way down:
 * checksum('XOR', { strip: false })                                    A1 A2 03                →   A1 A2 03
 *                                                                      A1 A2 03                ←   A1 A2 00
 * checksum('XOR', { at: -2, over: { from: 1 } })                       02 A1 A2 03 FF          →   02 A1 A2 03 FF
 *                                                                      02 A1 A2 03 FF          ←   02 A1 A2 00 FF
 * checksum('XOR', { at: 0 })                                           03 A1 A2                →   03 A1 A2
 *                                                                      03 A1 A2                ←   00 A1 A2
 * ```
 * `NMEA` is a sentence from `$` or `!` to its check, without CR LF and without a tag block before it: the XOR of what stands between the
 * first byte and the `*`, in hex; the `*` is taken off and put back with it. The LRC of Modbus ASCII is that of bytes, not of the digits
 * that they are written in.
 *
 * On the way down the check is that of the frame as it comes. Where it also covers what the framing writes, such as a length,
 * `checked` does it in the right order.
 *
 * Errors: `CHECKSUM_MISMATCH` with both numbers; `FRAME_DAMAGED` for a frame too short for its check, a check that is not written in
 * digits, a sentence without its `$` or `*`; the next frame is not touched by that. Down, `BUG` for a frame too short, or which has no
 * place for its check. `CONFIGURATION` for options that cannot work: a range that is empty or overlaps the check, `strip` where the
 * check does not end with the frame, `little-endian` digits.
 */
export function checksum(kind: CheckKind | Check, options: ChecksumOptions = {}): Checksum {
  const layout = checkLayoutOf(kind, options)
  const verify = (frame: Buffer) => faultOf(frame, layout)
  const taken = layout.strip ? layout.lead.length + layout.bytes : 0
  const strip = (frame: Buffer) => frame.subarray(0, frame.length - taken)
  const write = (frame: Buffer) => toWire(frame, layout)
  const made = stage<Frames, Frames>('checksum', () => ({
    up(frame, out) {
      const error = verify(frame)
      if (error === undefined) out.emit(strip(frame))
      else out.fail(error, frame)
    },
    down: (frame, out) => out.emit(write(frame)),
  }))
  return { ...made, verify, strip, write }
}

function faultOf(frame: Buffer, layout: CheckLayout): GatewayError | undefined {
  const { check, encoding, bytes } = layout
  const malformed = malformedIn(frame, layout)
  if (malformed !== undefined) return new GatewayError('FRAME_DAMAGED', `a frame ${malformed}`)
  const at = indexOf(layout.at, frame.length)
  const says = encoding.read(frame, at, bytes)
  if (Number.isNaN(says)) {
    const digits = frame.toString('hex', at, at + bytes)
    return new GatewayError('FRAME_DAMAGED', `the ${check.name} of a frame is not written in hex digits: ${digits}`)
  }
  const is = computeIn(frame, layout)
  if (is === says) return undefined
  return new GatewayError('CHECKSUM_MISMATCH', `${check.name} is ${hex(is, check)}, the frame says ${hex(says, check)}`)
}

/** What a frame, with its check or the place for it, lacks. */
function malformedIn(frame: Buffer, { check, lead, firstBytes, at, least }: CheckLayout): string | undefined {
  const { length } = frame
  if (length < least) return `of ${length} bytes is too short for its ${check.name}, which takes ${least} or more`
  if (firstBytes.length > 0 && !firstBytes.includes(frame[0] as number)) {
    return `begins with ${frame.toString('hex', 0, 1)} instead of ${[...firstBytes].map((each) => each.toString(16)).join(' or ')}`
  }
  const leadAt = indexOf(at, length) - lead.length
  if (isAt(frame, leadAt, lead)) return undefined
  const there = frame.toString('hex', leadAt, leadAt + lead.length)
  return `has ${there} before its ${check.name} check instead of ${lead.toString('hex')}`
}

function toWire(frame: Buffer, layout: CheckLayout): Buffer {
  const { encoding, bytes, lead, strip } = layout
  const length = frame.length + (strip ? lead.length + bytes : 0)
  const wire = Buffer.allocUnsafe(length)
  frame.copy(wire)
  if (strip) lead.copy(wire, frame.length)
  const malformed = malformedIn(wire, layout)
  if (malformed !== undefined) throw new GatewayError('BUG', `a frame to be sent, with its check, ${malformed}`)
  encoding.write(wire, computeIn(wire, layout), indexOf(layout.at, length), bytes)
  return wire
}

function computeIn(frame: Buffer, { check, from, to }: CheckLayout): number {
  return check.compute(frame, indexOf(from, frame.length), indexOf(to, frame.length))
}

function hex(value: number, { size }: Check): string {
  return `0x${value.toString(16).padStart(2 * size, '0')}`
}
