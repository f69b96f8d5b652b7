import { type Framing, framing } from '../../core/framing.ts'
import { asymmetric, unframed } from '../asymmetric.ts'
import { between } from '../between.ts'
import { choice } from '../choice.ts'
import { idleBytes } from '../idle-bytes.ts'

/** Longest message in bytes, where no option says otherwise: the longest that is known of is three quarters of it. */
export const defaultMaxLength = 2048

/**
 * The framing of Queclink @Track in ASCII: texts that begin with `+` (or `AT+`, which only servers send) and end with `$`, both of which
 * stay. White space and NUL, which some devices send between messages, are passed over.
 *
 * ```
 * ␍␊ xx +RESP:GTFRI,…,11F0$ ␍␊ +ACK:GTHBD,…,11F1$      →     +RESP:GTFRI,…,11F0$ | +ACK:GTHBD,…,11F1$       noise: xx
 * ```
 * Errors: those of `between`; after a `FRAME_TOO_LONG` the next `$` ends what is passed over, where the policy goes on.
 */
export function queclinkFraming(maxLength = defaultMaxLength): Framing {
  const options = { maxLength, keep: true }
  const texts = choice([
    { match: 'AT+', framing: between('AT+', '$', options) },
    { framing: between('+', '$', options) },
  ])
  // Down, frames bring their marks, and whoever makes one has seen to it that there are no others in it.
  return framing('queclinkText', asymmetric(idleBytes(texts, '\r\n\t \0'), unframed))
}
