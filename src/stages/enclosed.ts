import { GatewayError } from '../core/errors.ts'
import type { FrameFinder } from '../core/framing.ts'
import type { EscapeTable } from './escapes.ts'
import { isAt } from './marks.ts'

/**
 * Makes a frame of what a finder found between marks: its body lies in `window` from `bodyAt` to `bodyEnd`, what belongs to it
 * ends at `next`. An error where the body is no good.
 */
export type Take = (window: Buffer, bodyAt: number, bodyEnd: number, next: number) => Buffer | GatewayError

/** How a frame is enclosed on the wire: its start mark, its body, its end mark, `trailing` bytes. */
export interface Enclosure {
  readonly start: Buffer
  readonly end: Buffer
  readonly trailing: number
  readonly escapes: EscapeTable | undefined
  /** True: frames have their marks around them. */
  readonly keep: boolean
}

const none = Buffer.alloc(0)

/** For what has more bytes than it may. */
export function tooLong(maxLength: number): GatewayError {
  const message = `a frame of at least ${maxLength + 1} bytes exceeds the limit of ${maxLength}`
  return new GatewayError('FRAME_TOO_LONG', message)
}

/** How many bytes the body of a frame of `length` bytes takes on the wire at most. */
export function bodyBytes({ escapes }: Enclosure, length: number): number {
  return escapes === undefined ? length : Math.ceil(length * escapes.expansion)
}

/** Up: takes frames of up to `maxLength` bytes, marks, escapes and trailing bytes not counted, out of their enclosure. */
export function takeFrom({ start, end, escapes, keep }: Enclosure, maxLength: number): Take {
  const before = keep ? start : none
  return (window, bodyAt, bodyEnd, next) => {
    const body = window.subarray(bodyAt, bodyEnd)
    const after = window.subarray(keep ? bodyEnd : bodyEnd + end.length, next)
    const frame = escapes === undefined ? body : escapes.unescape(body, before, after)
    if (frame instanceof GatewayError) return frame
    const around = before.length + after.length
    const length = frame === body ? body.length : frame.length - around
    if (length > maxLength) return tooLong(maxLength)
    if (frame !== body || around === 0) return frame
    // A mark that ends one frame and begins the next may no longer be in this window.
    const at = bodyAt - start.length
    return keep && isAt(window, at, start) ? window.subarray(at, next) : Buffer.concat([before, body, after])
  }
}

/**
 * Down: the frame in its enclosure, of which `lead` is written in place of the start mark. `BUG` for one that `finder`, the way up
 * for frames as long as this one, does not give back.
 */
export function enclose(frame: Buffer, enclosure: Enclosure, finder: FrameFinder, lead = enclosure.start): Buffer {
  const { start, end, trailing, escapes, keep } = enclosure
  const at = keep ? start.length : 0
  const bodyEnd = frame.length - trailing - (keep ? end.length : 0)
  if (bodyEnd < at) {
    throw new GatewayError(
      'BUG',
      `a frame to be sent has ${frame.length} bytes instead of ${at + frame.length - bodyEnd} or more`,
    )
  }
  const content = frame.subarray(at, bodyEnd)
  const most = bodyBytes(enclosure, content.length)
  const target = Buffer.allocUnsafe(lead.length + most + end.length + trailing)
  let filled = lead.copy(target)
  filled = escapes === undefined ? filled + content.copy(target, filled) : escapes.escape(content, target, filled)
  filled += end.copy(target, filled)
  filled += frame.copy(target, filled, frame.length - trailing)
  const wire = target.subarray(0, filled)
  const found = finder.find(wire, 0)
  if (found.kind === 'frame' && found.next === wire.length && found.frame.equals(frame)) return wire
  const why =
    found.kind === 'refuse' ? found.error.message : 'it contains a mark, lacks one that it is to bring, or is empty'
  throw new GatewayError('BUG', `a device could not take apart a frame of ${frame.length} bytes to be sent: ${why}`)
}
