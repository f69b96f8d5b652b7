import { Deframer } from '../../core/deframer.ts'
import { PipelineMeter } from '../../core/meter.ts'
import { teltonika } from '../../pipelines/teltonika.ts'
import { annotateTeltonika } from '../../stages/teltonika/annotate.ts'
import { teltonikaFraming } from '../../stages/teltonika/framing.ts'
import { TeltonikaDevice } from '../devices/teltonika.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/** A table is of use for a packet over the gateway's limit too. */
const longestPasted = 1_048_576

/** Teltonika trackers. `decode` shows a packet's records in one body, with the CRC, and keepalives. */
export const teltonikaReady: ReadyProtocol = {
  name: 'teltonika',
  decode: (to) =>
    teltonika(to, {
      records: 'pack',
      envelope: true,
      heartbeats: true,
      batch: { maxCount: 1, lingerMs: 0 },
    }),
  annotate: (bytes) => framesOf(bytes).map(annotateTeltonika).join('\n'),
  simulated: (to) => teltonika(to, { unknownCodec: 'acknowledge' }),
  device: (identity) => new TeltonikaDevice(identity),
}

/** The frames among pasted bytes; throws what is wrong with them. */
function framesOf(bytes: Buffer): Buffer[] {
  const { finder, maxBytes, name } = teltonikaFraming({ keepalives: true, maxFrameLength: longestPasted })
  const frames: Buffer[] = []
  const deframer = new Deframer(finder(), maxBytes, new PipelineMeter('annotate').stage(name, 'up'))
  const out = {
    emit: (frame: Buffer) => frames.push(frame),
    reply: () => {},
    fail: (error: Error) => {
      throw error
    },
  }
  deframer.push(bytes, out)
  deframer.end(out)
  return frames
}
