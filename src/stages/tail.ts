import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { type Mark, markOf } from './marks.ts'
import { TakingFinder } from './taking.ts'

/**
 * Frames whose last bytes are always the same, by which one is known to be whole: taken off on the way up, put back on the way
 * down. They count as bytes of the frame: `lengthAdjustment` adds them where the length does not.
 *
 * ```
 * tail(lengthField({ lengthFieldLength: 1, lengthAdjustment: 2, … }), '\r\n')
 *   02 A1 A2 0D 0A      ↔     A1 A2
 *   02 A1 A2 A3 A4      →     FRAME_DAMAGED
 * ```
 * Errors: `FRAME_DAMAGED` for a frame that ends otherwise; the next one is looked for behind it or, within `skipUntil`, from its
 * second byte on. `CONFIGURATION` for an empty mark.
 */
export function tail(of: Framing, bytes: Mark): Framing {
  const mark = markOf(bytes, 'tail', 'bytes')
  return framing(of.name, {
    maxBytes: of.maxBytes,
    finder: () => new TakingFinder(of.finder(), (frame, wireBytes) => takeOff(frame, wireBytes, mark)),
    frame: (frame) => of.frame(Buffer.concat([frame, mark])),
  })
}

function takeOff(frame: Buffer, wireBytes: number, mark: Buffer): Buffer | GatewayError {
  const at = Math.max(0, frame.length - mark.length)
  const end = frame.subarray(at)
  if (end.equals(mark)) return frame.subarray(0, at)
  const message = `a frame of ${wireBytes} bytes ends in ${end.toString('hex')} instead of ${mark.toString('hex')}`
  return new GatewayError('FRAME_DAMAGED', message)
}
