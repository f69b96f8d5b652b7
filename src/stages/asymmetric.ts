import { type Framing, framing } from '../core/framing.ts'

/**
 * A protocol that frames what goes down unlike what comes up: frames are found by `up`, and put on the wire by `down`, another
 * framing or a function. {@link unframed} is the function for answers that are no frames, such as a single byte.
 *
 * ```
 * asymmetric(lengthField({ lengthFieldLength: 2, … }), unframed)
 *   up:  00 02 A1 A2  →  A1 A2        down:  01  →  01
 * ```
 */
export function asymmetric(up: Framing, down: Pick<Framing, 'frame'> | ((frame: Buffer) => Buffer)): Framing {
  return framing(up.name, {
    maxBytes: up.maxBytes,
    finder: () => up.finder(),
    frame: typeof down === 'function' ? down : (frame) => down.frame(frame),
  })
}

/** Puts a frame on the wire as it is; for {@link asymmetric}. */
export function unframed(frame: Buffer): Buffer {
  return frame
}
