import { Deframer } from '../core/deframer.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Framing } from '../core/framing.ts'
import { PipelineMeter } from '../core/meter.ts'

/** Takes bytes apart that come in chunks. */
export interface Deframing {
  push(chunk: Buffer): void
  /** Tells of what is not whole; to be called once, behind the last chunk. */
  end(): void
}

/** Who is told of each frame and each error, in their order. */
export interface FrameListener {
  frame(frame: Buffer): void
  error(error: GatewayError): void
}

/** A framing at work outside of a pipeline: for a simulated device, which has no hub, and for bytes that were pasted. */
export function deframing(framing: Framing, listener: FrameListener): Deframing {
  const meter = new PipelineMeter('deframing').stage(framing.name, 'up')
  const deframer = new Deframer(framing.finder(), framing.maxBytes, meter)
  const outlet = {
    emit: (frame: Buffer) => listener.frame(frame),
    // A deframer answers nothing.
    reply: () => {},
    fail: (error: GatewayError) => listener.error(error),
  }
  return { push: (chunk) => deframer.push(chunk, outlet), end: () => deframer.end(outlet) }
}

/** The frames among some bytes by a framing, and what is wrong with what is none. */
export function framesOf(
  bytes: Buffer,
  framing: Framing,
): { readonly frames: readonly Buffer[]; readonly errors: readonly GatewayError[] } {
  const frames: Buffer[] = []
  const errors: GatewayError[] = []
  const { push, end } = deframing(framing, {
    frame: (frame) => frames.push(frame),
    error: (error) => errors.push(error),
  })
  push(bytes)
  end()
  return { frames, errors }
}
