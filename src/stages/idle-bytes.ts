import { unfinishedOf } from '../core/deframer.ts'
import { GatewayError } from '../core/errors.ts'
import * as found from '../core/found.ts'
import { type FrameFinder, type Framing, framing } from '../core/framing.ts'
import { type Mark, markOf } from './marks.ts'

/**
 * Frames with bytes between them that mean nothing, such as a keepalive: passed over in silence wherever a frame could begin, but
 * within noise (see `skipUntil`), of which they are a part.
 *
 * ```
 * idleBytes(lengthField({ lengthFieldLength: 2, … }), Buffer.of(0xff))
 *   FF 00 02 A1 A2 FF FF 00 01 B1     →     A1 A2 | B1          down: as the framing alone
 * ```
 * `bytes`: each byte of it alone is idle. A frame cannot begin with one of them. `CONFIGURATION` where there is none.
 */
export function idleBytes(of: Framing, bytes: Mark): Framing {
  const isIdle = new Uint8Array(256)
  for (const byte of markOf(bytes, 'idleBytes', 'bytes')) isIdle[byte] = 1
  return framing(of.name, {
    maxBytes: of.maxBytes,
    finder: () => new IdleFinder(of.finder(), isIdle),
    frame(frame) {
      const wire = of.frame(frame)
      if (isIdle[wire[0] as number] === 1) {
        throw new GatewayError('BUG', `a frame to be sent begins with ${wire.toString('hex', 0, 1)}, which is idle`)
      }
      return wire
    },
  })
}

class IdleFinder implements FrameFinder {
  readonly #of: FrameFinder
  readonly #isIdle: Uint8Array
  /** A frame or noise has begun and is not over. */
  #within = false

  constructor(of: FrameFinder, isIdle: Uint8Array) {
    this.#of = of
    this.#isIdle = isIdle
  }

  find(window: Buffer, from: number): found.Found {
    if (!this.#within && this.#isIdle[window[from] as number] === 1) return found.idle(from + 1)
    const inner = this.#of.find(window, from)
    this.#within = found.isWithin(inner)
    return inner
  }

  unfinished(rest: Buffer): GatewayError | undefined {
    return unfinishedOf(this.#of, rest)
  }

  forget(): void {
    this.#within = false
    this.#of.forget?.()
  }
}
