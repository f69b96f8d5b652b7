import { GatewayError } from '../core/errors.ts'
import { type Framing, framing } from '../core/framing.ts'
import { type Measure, MeasuredFinder } from './measured.ts'

/**
 * How long the frame is that begins with `header`, all of it counted; or how many bytes of it that takes to know; or that no frame
 * begins like this. It sees exactly as many bytes as it asked for, and must say the same whenever it sees the same.
 */
export type MeasureHeader = (header: Buffer) => number | { readonly need: number } | 'corrupt'

/** Options of {@link measuredBy}. */
export interface MeasuredByOptions {
  /** Longest frame in bytes; at least `headerLength`. */
  readonly maxLength: number
  /** The function is first asked with so many bytes; at least 1. No frame is shorter than what it took to measure it. */
  readonly headerLength: number
  readonly measure: MeasureHeader
}

/**
 * Binary frames whose length a function tells from their first bytes, where it follows from a code rather than from one field.
 *
 * ```
 * replies of Modbus RTU (Modbus over Serial Line V1.02, Application Protocol V1.1b3 section 6): unit, function, data, CRC
 *
 * measuredBy({ maxLength: 256, headerLength: 3, measure: ([, code = 0, count = 0]) =>
 *     code >= 0x80 ? 5 : code >= 1 && code <= 4 ? 5 + count : [5, 6, 15, 16].includes(code) ? 8 : 'corrupt' })
 *   01 03 02 12 34 B5 33 | 01 06 00 01 00 03 98 0B | 01 83 02 C0 F1      ↔      the same three
 *   unit  count          code                       exception
 * ```
 * Frames go both ways as they are. A frame within one chunk is a view of it; one that is cut is copied once.
 *
 * Errors: `FRAME_CORRUPT` where the function says so, gives a length that ends within the bytes that it was shown or is no integer, or
 * needs more than `maxLength` bytes (nothing after it can be framed; within `skipUntil` the next mark is looked for),
 * `FRAME_TOO_LONG` for a frame over `maxLength` (exactly that frame is discarded if the policy goes on), `FRAME_UNTERMINATED`.
 * `BUG` for a function that asks for as many bytes as it has, and down for a frame that it measures otherwise. `CONFIGURATION`
 * for a `headerLength` that is not a positive integer, or a `maxLength` below it.
 */
export function measuredBy({ maxLength, headerLength, measure }: MeasuredByOptions): Framing {
  if (!Number.isInteger(headerLength) || headerLength < 1) {
    throw new GatewayError('CONFIGURATION', `measuredBy: headerLength must be a positive integer, not ${headerLength}`)
  }
  if (!Number.isSafeInteger(maxLength) || maxLength < headerLength) {
    const message = `measuredBy: maxLength must be an integer of at least ${headerLength}, the headerLength, not ${maxLength}`
    throw new GatewayError('CONFIGURATION', message)
  }
  const open = () => measureBy(measure, headerLength, maxLength)
  return framing('measuredBy', {
    maxBytes: maxLength,
    finder: () => new MeasuredFinder(open(), maxLength),
    frame(frame) {
      const measured = open()(frame, 0, 0)
      if ('total' in measured && measured.total === frame.length) return frame
      const said = 'total' in measured ? `${measured.total} bytes` : 'need' in measured ? 'more' : measured.corrupt
      throw new GatewayError('BUG', `a frame of ${frame.length} bytes to be sent says otherwise of itself: ${said}`)
    },
  })
}

function measureBy(ask: MeasureHeader, headerLength: number, maxLength: number): Measure {
  let need = headerLength
  return (window, from, seen) => {
    if (seen === 0) need = headerLength
    for (;;) {
      if (window.length - from < need) return { need }
      const header = window.subarray(from, from + need)
      const said = ask(header)
      if (typeof said === 'object') {
        if (!Number.isInteger(said.need) || said.need <= need) {
          throw new GatewayError('BUG', `measuredBy: measure asks for ${said.need} bytes, it has ${need}`)
        }
        if (said.need > maxLength) return corrupt(`takes ${said.need} bytes to measure, the limit is ${maxLength}`)
        need = said.need
      } else if (said === 'corrupt') {
        return corrupt('is none')
      } else if (!Number.isInteger(said) || said < need) {
        return corrupt(`would have ${said} bytes`)
      } else {
        return { total: said, contentAt: 0, headerEnd: need }
      }
    }
    function corrupt(why: string) {
      return {
        corrupt: `what begins with ${window.toString('hex', from, from + Math.min(need, 16))} ${why}`,
        shown: need,
      }
    }
  }
}
