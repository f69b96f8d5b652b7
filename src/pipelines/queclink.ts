import { type Pipeline, pipeline } from '../core/pipeline.ts'
import { defaultPolicy, type Policy } from '../core/policy.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { enrich } from '../stages/enrich.ts'
import { hub } from '../stages/hub.ts'
import { type QueclinkCodecOptions, queclinkCodec } from '../stages/queclink/codec.ts'
import { queclinkFraming } from '../stages/queclink/framing.ts'
import type { DeviceOptions } from './device-options.ts'

/** Options of {@link queclink}. */
export interface QueclinkOptions extends DeviceOptions, QueclinkCodecOptions {
  /** Longest message in bytes, its marks not counted; default 2048. */
  readonly maxLength?: number
}

/**
 * Queclink trackers (GL, GV, GB, GMT, CV series), @Track protocol in ASCII: reports live and buffered, heartbeats, commands.
 * docs/protocols/queclink.md has its wire and its limits.
 *
 * A message that is too long does not close the connection, unless a policy of your own says so: the next one is found behind its `$`.
 */
export function queclink(to: Hub, options: QueclinkOptions = {}): Pipeline {
  return pipeline(
    'queclink',
    queclinkFraming(options.maxLength),
    queclinkCodec(options),
    authenticate(options.authenticator ?? byPolicy()),
    enrich(options.enrichments ?? {}),
    batch(options.batch),
    hub(to, options.hub),
  ).with({ policy })
}

const policy: Policy = (error, connection) =>
  error.code === 'FRAME_TOO_LONG' ? 'dead-letter' : defaultPolicy(error, connection)
