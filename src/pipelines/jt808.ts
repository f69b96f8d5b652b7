import type { GatewayError } from '../core/errors.ts'
import { type Pipeline, pipeline } from '../core/pipeline.ts'
import { defaultPolicy, type Policy } from '../core/policy.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { between } from '../stages/between.ts'
import { checksum } from '../stages/checksum.ts'
import { enrich } from '../stages/enrich.ts'
import { hub } from '../stages/hub.ts'
import { jt808Codec } from '../stages/jt808/codec.ts'
import type { Jt808CodecOptions } from '../stages/jt808/options.ts'
import type { DeviceOptions } from './device-options.ts'

/** Options of {@link jt808}. */
export interface Jt808Options extends DeviceOptions, Jt808CodecOptions {
  /** Longest message in bytes, with its check, flags and escapes not counted; default 4096. The longest of the standard has 1045. */
  readonly maxLength?: number
}

const flag = '~'

/** How JT/T 808 marks its messages on the wire: `7E … 7E`, `7D 02` for 7E within, `7D 01` for 7D. */
export function jt808Framing(maxLength = 4096) {
  return between(flag, flag, {
    escapes: [
      [Buffer.of(0x7d, 1), '}'],
      [Buffer.of(0x7d, 2), '~'],
    ],
    maxLength,
  })
}

/**
 * Vehicle terminals that speak JT/T 808 of 2011, 2013 or 2019: registration and codes, locations live and in batches, messages in parts,
 * commands, each answered as the standard says; docs/protocols/jt808.md. A message is refused by itself: what is too long, damaged or not
 * permitted ends no connection.
 */
export function jt808(to: Hub, options: Jt808Options = {}): Pipeline {
  return pipeline(
    'jt808',
    jt808Framing(options.maxLength),
    checksum('XOR'),
    jt808Codec(options),
    authenticate(options.authenticator ?? byPolicy()),
    enrich(options.enrichments ?? {}),
    batch(options.batch),
    hub(to, options.hub),
  ).with({ policy: terminalPolicy })
}

/** A terminal that is cut off registers anew; what it must not say, or said wrong, is forgotten instead. */
const terminalPolicy: Policy = (error, connection) => {
  if (error.code === 'FRAME_TOO_LONG') return 'dead-letter'
  if (isOfCodec(error)) {
    if (error.code === 'IDENTITY_CHANGED') return 'dead-letter'
    // The item is a message with a code in it, or what anybody may send before: neither is for the dead letters.
    if (error.code === 'NOT_IDENTIFIED' || error.code === 'UNAUTHORIZED') return 'drop'
  }
  return defaultPolicy(error, connection)
}

/** The hub's own refusals have the same codes. */
function isOfCodec({ stage }: GatewayError): boolean {
  return stage === 'jt808.up'
}
