import { teltonika } from '../../pipelines/teltonika.ts'
import { annotateTeltonika } from '../../stages/teltonika/annotate.ts'
import { teltonikaFraming } from '../../stages/teltonika/framing.ts'
import { framesOf } from '../deframing.ts'
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
  annotate,
  simulated: (to) => teltonika(to, { unknownCodec: 'acknowledge' }),
  device: (identity) => new TeltonikaDevice(identity),
}

/** The table of each frame; throws what is wrong with one. */
function annotate(bytes: Buffer): string {
  const { frames, errors } = framesOf(bytes, teltonikaFraming({ keepalives: true, maxFrameLength: longestPasted }))
  if (errors[0] !== undefined) throw errors[0]
  return frames.map(annotateTeltonika).join('\n')
}
