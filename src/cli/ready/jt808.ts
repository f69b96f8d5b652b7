import { GatewayError } from '../../core/errors.ts'
import { jt808, jt808Framing } from '../../pipelines/jt808.ts'
import { checksum } from '../../stages/checksum.ts'
import { annotatedMessage } from '../../stages/jt808/annotate.ts'
import { framesOf } from '../deframing.ts'
import { Jt808Device } from '../devices/jt808.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/** JT/T 808. */
export const jt808Ready: ReadyProtocol = {
  name: 'jt808',
  // Whoever pastes a log has no codes, and may have messages of several terminals in it, encrypted ones, and parts of some.
  decode: (to) =>
    jt808(to, {
      authentication: 'none',
      envelope: true,
      heartbeats: true,
      batches: 'pack',
      encrypted: 'pass',
      otherTerminals: 'pass',
      subPackages: { askForMissing: false },
      batch: { maxCount: 1, lingerMs: 0 },
    }),
  annotate,
  simulated: (to) => jt808(to),
  device: (identity) => new Jt808Device(identity),
}

const check = checksum('XOR')

/** The table of each message in some bytes. Throws where they are no messages. */
function annotate(bytes: Buffer): string {
  const { frames, errors } = framesOf(bytes, jt808Framing())
  if (errors[0] !== undefined) throw errors[0]
  if (frames.length === 0) throw new GatewayError('BAD_CONTENT', `there is no message in ${bytes.length} bytes`)
  return frames.map(annotated).join('\n')
}

function annotated(frame: Buffer): string {
  const error = check.verify(frame)
  return `${annotatedMessage(check.strip(frame))}${error === undefined ? '' : `${error.code}: ${error.message}\n`}`
}
