import { type Pipeline, pipeline } from '../core/pipeline.ts'
import { defaultPolicy } from '../core/policy.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { enrich } from '../stages/enrich.ts'
import { type Gt06CodecOptions, gt06Codec } from '../stages/gt06/codec.ts'
import { type Gt06FramingOptions, gt06Framing } from '../stages/gt06/framing.ts'
import { hub } from '../stages/hub.ts'
import type { DeviceOptions } from './device-options.ts'

/** Options of {@link gt06}: of all ready pipelines, of its framing, and of its codec. */
export interface Gt06Options extends DeviceOptions, Gt06FramingOptions, Gt06CodecOptions {}

/**
 * GT06 trackers of Concox, Jimi and many others; {@link gt06Framing} and {@link gt06Codec} have the wire, docs/protocols/gt06.md all of it.
 *
 * A tracker is known by the IMEI of its login. One that is not to be served keeps its connection: login and heartbeats are answered, data is
 * dropped and counted, as the vendor asks, since it would dial again for ever. What comes before the login is dropped; whoever never says
 * one is closed at the gateway's hello deadline.
 */
export function gt06(to: Hub, options: Gt06Options = {}): Pipeline {
  return pipeline(
    'gt06',
    gt06Framing(options),
    gt06Codec(options),
    authenticate(options.authenticator ?? byPolicy(), { unknown: 'ignore' }),
    enrich(options.enrichments ?? {}),
    batch(options.batch),
    hub(to, options.hub),
  ).with({
    policy: (error, connection) => (error.code === 'NOT_IDENTIFIED' ? 'drop' : defaultPolicy(error, connection)),
  })
}
