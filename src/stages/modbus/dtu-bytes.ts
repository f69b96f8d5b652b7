import { GatewayError } from '../../core/errors.ts'
import type { StageMeter } from '../../core/meter.ts'
import type { ByteSearch, SeenFrame, SeenPacket, SeenReply } from './byte-search.ts'

/** Who hears of what a DTU says. `bytes` are a view of what was pushed. */
export interface Listener {
  found(seen: SeenPacket | SeenReply | SeenFrame, bytes: Buffer): void
  refused(error: GatewayError, bytes: Buffer): void
}

/** So many bytes of a run of noise are shown with its error. */
const shownNoise = 64

/** A run of noise is told when it has so many bytes, and goes on as another: one that never ends must not be silent. */
const mostNoise = 65_536

const nothing = Buffer.alloc(0)

/**
 * The bytes of one DTU, cut into packets and frames. Not the core's deframer, because silence means something here: a packet without end
 * mark is whole when nothing follows, and a frame that nobody waits for any more is looked through for others. Holds what may still become
 * a frame or a packet, at most one of the longest. Bytes that belong to none are noise: one error for each run of them.
 */
export class DtuBytes {
  readonly #search: ByteSearch
  readonly #meter: StageMeter
  readonly #listener: Listener
  #held = nothing
  #noise = 0
  #noiseShown: number[] = []
  /** The length of the first thing in the run that would be a frame but for its CRC. */
  #damaged = 0

  constructor(search: ByteSearch, meter: StageMeter, listener: Listener) {
    this.#search = search
    this.#meter = meter
    this.#listener = listener
  }

  /** Bytes that wait for others. */
  get heldBytes(): number {
    return this.#held.length
  }

  push(chunk: Buffer): void {
    this.#findAll(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), true)
  }

  /** Nothing more of what has begun will come: looks at its bytes once more for what lies in them. The rest is noise. */
  giveUp(): void {
    this.#findAll(this.#held, false)
    this.#endNoise()
  }

  /** The stream ends: as {@link DtuBytes.giveUp}, but what lacks its end, and nothing else, is told as such. */
  end(): void {
    const cut = this.#held
    const alone = this.#noise === 0
    const whole = this.#findAll(cut, false)
    if (!alone || whole || cut.length === 0) {
      this.#endNoise()
      return
    }
    this.#forgetNoise()
    const message = `the connection ended ${cut.length} bytes into a frame or packet`
    this.#listener.refused(new GatewayError('FRAME_UNTERMINATED', message), cut)
  }

  /** True where something was found. */
  #findAll(window: Buffer, patient: boolean): boolean {
    let whole = false
    let at = 0
    while (at < window.length) {
      const seen = this.#search.at(window, at, patient)
      if (seen.kind === 'wait') break
      if (seen.kind === 'nothing') {
        this.#addNoise(window[at] as number, seen.damaged)
        at++
        continue
      }
      whole = true
      this.#endNoise()
      const bytes = window.subarray(at, at + seen.bytes)
      at += seen.bytes
      this.#listener.found(seen, bytes)
    }
    // A copy, since a view would keep the whole read in memory.
    this.#held = at < window.length ? Buffer.from(window.subarray(at)) : nothing
    return whole
  }

  #addNoise(byte: number, damaged: number): void {
    this.#meter.noiseBytes++
    this.#noise++
    if (this.#damaged === 0) this.#damaged = damaged
    if (this.#noiseShown.length < shownNoise) this.#noiseShown.push(byte)
    if (this.#noise === mostNoise) this.#endNoise()
  }

  /** A run that is as long as the frame with a wrong CRC in it is that frame; a shorter one only looked like the beginning of one. */
  #endNoise(): void {
    if (this.#noise === 0) return
    const isFrame = this.#damaged > 0 && this.#noise >= this.#damaged
    const error = isFrame
      ? new GatewayError('CHECKSUM_MISMATCH', `CRC-16/MODBUS of a frame is wrong; ${this.#noise} bytes were dropped`)
      : new GatewayError('FRAME_NOISE', `${this.#noise} bytes belong to no frame or packet`)
    const shown = Buffer.from(this.#noiseShown)
    this.#forgetNoise()
    this.#listener.refused(error, shown)
  }

  #forgetNoise(): void {
    this.#noise = 0
    this.#noiseShown = []
    this.#damaged = 0
  }
}
