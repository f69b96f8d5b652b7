import { type Pipeline, pipeline } from '../core/pipeline.ts'
import { defaultPolicy, type Policy } from '../core/policy.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { delimited } from '../stages/delimited.ts'
import { enrich } from '../stages/enrich.ts'
import { hub } from '../stages/hub.ts'
import { nmeaCodec } from '../stages/nmea/codec.ts'
import type { NmeaCodecOptions } from '../stages/nmea/options.ts'
import type { DeviceOptions } from './device-options.ts'

/** Options of {@link nmea}. `heartbeats` has nothing to switch: the protocol has none. */
export interface NmeaOptions extends DeviceOptions, NmeaCodecOptions {
  /** Longest line in bytes, its end not counted; default 1024 (the standard has 82, receivers do not keep to it). */
  readonly maxLength?: number
}

/**
 * Receivers and instruments that send NMEA 0183 sentences or AIS over TCP. Nothing is ever answered: docs/protocols/nmea.md says what
 * that means while the hub takes nothing.
 */
export function nmea(to: Hub, options: NmeaOptions): Pipeline {
  const { maxLength = 1024, authenticator = byPolicy(), enrichments = {} } = options
  return pipeline(
    'nmea',
    delimited({ delimiter: ['\r\n', '\n'], maxLength }),
    nmeaCodec(options),
    authenticate(authenticator),
    enrich(enrichments),
    batch(options.batch),
    hub(to, options.hub),
  ).with({ policy })
}

/** A line too long ends with itself; and while nobody can say whose they are, sentences are dropped, until one can. */
const policy: Policy = (error, connection) => {
  if (error.code === 'FRAME_TOO_LONG') return 'dead-letter'
  if (error.code === 'NOT_IDENTIFIED' && error.stage === 'authenticate.up') return 'drop'
  return defaultPolicy(error, connection)
}
