import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import type { Checksum } from './checksum.ts'
import { TakingFinder } from './taking.ts'

/**
 * Frames that count as found only if their check is right: as `checksum` behind the framing, but within `skipUntil` a frame
 * whose check is wrong was none, and the next is looked for from its second byte on. The check counts in the frame as the framing gives it.
 *
 * ```
 * skipUntil(checked(lengthField({ lengthFieldOffset: 2, lengthFieldLength: 1, lengthAdjustment: 2, … }),
 *                   checksum('CRC-16/MODBUS', { byteOrder: 'little-endian' })), Buffer.of(1, 3))
 *   01 03 02 01 03 02 00 2A 39 9B …      →     01 03 02 00 2A | …      down:  01 03 02 00 2A  →  01 03 02 00 2A 39 9B
 *   └─ 3 ──┘ skipped: the first 01 03 says 7 bytes, 01 03 02 01 03 02 00, whose check is wrong
 * ```
 * A frame is checked once, when it is whole. Within `skipUntil` that goes for each false one too, at worst one a byte: keep the framing's own
 * limit low.
 *
 * On the way down the check is that of the frame as it goes on the wire, with the length that the framing writes into it.
 *
 * Errors: those of the framing and of the checksum. Outside of `skipUntil` a refused frame ends where the framing says. Down, `BUG` for
 * a frame that the framing would not find again: `asymmetric` and `sequence` go around, not into, what is checked.
 */
export function checked(of: Framing, checksum: Checksum): Framing {
  return framing(of.name, {
    maxBytes: of.maxBytes,
    finder: () => new TakingFinder(of.finder(), (frame) => checksum.verify(frame) ?? checksum.strip(frame)),
    frame: (frame) => toWire(frame, of, checksum),
  })
}

/** Looks at what the framing has made of the frame: it may have written a length that the check covers. */
function toWire(frame: Buffer, of: Framing, checksum: Checksum): Buffer {
  const wire = of.frame(checksum.write(frame))
  const seen = foundIn(wire, of)
  if (checksum.verify(seen) === undefined) return wire
  const again = of.frame(checksum.write(checksum.strip(seen)))
  const wrong = checksum.verify(foundIn(again, of))
  if (wrong === undefined) return again
  throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent cannot be checked: ${wrong.message}`)
}

function foundIn(wire: Buffer, of: Framing): Buffer {
  const found = wire.length === 0 ? undefined : of.finder().find(wire, 0)
  if (found?.kind === 'frame') return found.frame
  throw new GatewayError('BUG', `a frame of ${wire.length} bytes to be sent would not be found again`)
}
