import type { GatewayError } from './errors.ts'

/** What a {@link FrameFinder} tells of the bytes that it was shown. Made by the functions of this file, exported as `found`. */
export type Found = FoundFrame | FoundNotYet | FoundFiller | FoundRefusal

/** A whole frame; the next one begins at `next`. */
export interface FoundFrame {
  readonly kind: 'frame'
  readonly frame: Buffer
  readonly next: number
}

/** Too few bytes to tell. */
export interface FoundNotYet {
  readonly kind: 'wait'
  /** The finder is asked again once so many bytes are there, counted from `from`; more than there are now. */
  readonly total: number
  /** Or as soon as this byte comes; {@link anyByte}: whichever; {@link noByte}: none will do. */
  readonly byte: number
}

/** {@link FoundNotYet.byte} of a finder that waits for a number of bytes. */
export const noByte = -1

/** {@link FoundNotYet.byte} of a finder that wants to see whatever comes. */
export const anyByte = 256

/** Bytes before `next` that belong to no frame. */
export interface FoundFiller {
  readonly kind: 'filler'
  readonly next: number
  /** False for bytes that a protocol knows and means, such as a keepalive; true for what nobody asked for. */
  readonly noise: boolean
  /** Why they are no frame, where they looked like one. */
  readonly why: GatewayError | undefined
  /** True: more of them may follow, for the same finder to tell: noise, or the rest of a frame that was refused. */
  readonly more: boolean
}

/** A frame that is refused; what follows begins at `next`, which may lie beyond what is there. */
export interface FoundRefusal {
  readonly kind: 'refuse'
  readonly error: GatewayError
  /** Infinity where nothing that follows can be framed. */
  readonly next: number
  /** Where the bytes that the error shows end; they begin with the frame. The same in every cutting. */
  readonly shown: number
  /** The first place where another frame may begin, for those who do not trust `next`. */
  readonly resync: number
  /** True: tell it when `next` has been reached, not before. */
  readonly late: boolean
  /** True: what follows at `next` is the rest of the same frame, which the same finder passes over. */
  readonly more: boolean
}

/** A whole frame, best as a view of the bytes that were shown; the next frame begins at index `next`. */
export function frame(bytes: Buffer, next: number): Found {
  return { kind: 'frame', frame: bytes, next }
}

/** Too few bytes: ask again when `total` are there, counted from where the frame begins. */
export function wait(total: number): Found {
  return { kind: 'wait', total, byte: noByte }
}

/** Too few bytes: ask again when any more come; `total` is the most that it will take. */
export function waitForMore(total: number): Found {
  return { kind: 'wait', total, byte: anyByte }
}

/** Too few bytes: ask again when byte `byte` (0 to 255) comes, or when `total` bytes are there. */
export function waitForByte(byte: number, total: number): Found {
  return { kind: 'wait', total, byte }
}

/**
 * Bytes that the protocol sends between frames and that mean nothing, such as a keepalive: passed over in silence. `next` must not depend
 * on the cutting, as another framing may look at what begins there: of a run of such bytes, one after the other is told.
 */
export function idle(next: number): Found {
  return { kind: 'filler', next, noise: false, why: undefined, more: false }
}

/** The rest of a refused frame, see {@link refuseBegun}, as far as it is there: more of it follows. */
export function idleWithin(next: number): Found {
  return { kind: 'filler', next, noise: false, why: undefined, more: true }
}

/**
 * Bytes between frames that belong to none: counted, and one `FRAME_NOISE` for each run of them, or for each 65,536 bytes of one that
 * is longer. The finder is asked what follows.
 */
export function noise(next: number, why?: GatewayError): Found {
  return { kind: 'filler', next, noise: true, why, more: true }
}

/**
 * A frame that cannot be taken. `shown`: where the bytes end that the error shows; it must not depend on how the stream was
 * cut. `resync`: the first place where another frame may begin if the frame's own length is not to be trusted.
 */
export function refuse(error: GatewayError, next: number, shown: number, resync = shown): Found {
  return { kind: 'refuse', error, next, shown, resync, late: false, more: false }
}

/** As {@link refuse}, but told only when the refused frame has passed. */
export function refuseLate(error: GatewayError, next: number, shown: number, resync = shown): Found {
  return { kind: 'refuse', error, next, shown, resync, late: true, more: false }
}

/**
 * As {@link refuse}, for a frame whose end has not been found: the finder goes on to pass over the rest of it, with `idleWithin` as
 * long as there may be more and `idle` for the last of it, unless it is told to forget it.
 */
export function refuseBegun(error: GatewayError, next: number, shown: number, resync = shown): Found {
  return { kind: 'refuse', error, next, shown, resync, late: false, more: true }
}

/**
 * Whether what follows is for the same finder: more of a frame, be it refused, or of noise. Where the noise that was found ends depends
 * on the cutting, so nothing else may begin there; a frame ends it, or a refused one.
 */
export function isWithin(found: Found): boolean {
  return found.kind === 'wait' || (found.kind !== 'frame' && found.more)
}
