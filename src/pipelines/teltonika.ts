import { type Pipeline, pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { enrich } from '../stages/enrich.ts'
import { hub } from '../stages/hub.ts'
import { type TeltonikaFramingOptions, teltonikaFraming } from '../stages/teltonika/framing.ts'
import { type TeltonikaCodecOptions, teltonikaCodec } from '../stages/teltonika/teltonika.ts'
import type { DeviceOptions } from './device-options.ts'

/**
 * Options of {@link teltonika}. `hub.maxCommands` is always 1: answers bear no number, so a device is asked one thing at a time.
 */
export interface TeltonikaOptions
  extends DeviceOptions,
    Pick<TeltonikaCodecOptions, 'records' | 'unknownCodec' | 'rejectedRecords' | 'avlIds'>,
    Pick<TeltonikaFramingOptions, 'maxFrameLength'> {}

/**
 * Trackers of Teltonika over TCP, codecs 8, 8 Extended and 16 with commands by 12 and 14: the IMEI is the device id, records are
 * acknowledged when the hub has them. {@link teltonikaCodec} has what is said on the wire, docs/protocols/teltonika.md the rest.
 */
export function teltonika(to: Hub, options: TeltonikaOptions = {}): Pipeline {
  const { maxFrameLength, authenticator = byPolicy(), enrichments = {}, heartbeats = false } = options
  return pipeline(
    'teltonika',
    teltonikaFraming({ keepalives: heartbeats, ...(maxFrameLength !== undefined && { maxFrameLength }) }),
    teltonikaCodec(options),
    authenticate(authenticator),
    enrich(enrichments),
    batch(options.batch),
    hub(to, { ...options.hub, maxCommands: 1 }),
  )
}
