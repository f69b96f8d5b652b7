import { type Pipeline, pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { enrich } from '../stages/enrich.ts'
import { hl7 } from '../stages/hl7/codec.ts'
import type { Hl7Options } from '../stages/hl7/options.ts'
import { hub } from '../stages/hub.ts'
import { type MllpBlocksOptions, mllpBlocks } from '../stages/mllp/blocks.ts'
import type { DeviceOptions } from './device-options.ts'

/** Options of {@link mllp}. `heartbeats` has nothing to switch: the protocol has none. */
export interface MllpOptions extends DeviceOptions, Hl7Options, MllpBlocksOptions {}

/**
 * HL7 v2 over MLLP: patient monitors, analysers, interface engines. Each message is acknowledged once it is known what became of it: AA when the
 * hub has it, AE for now, AR for ever. docs/protocols/mllp.md has its wire and its limits.
 *
 * A batch is sent as soon as there is anything in it, unless `batch` says otherwise: a sender waits for its acknowledgement before it goes on.
 */
export function mllp(to: Hub, options: MllpOptions = {}): Pipeline {
  return pipeline(
    'mllp',
    mllpBlocks(options),
    hl7(options),
    // Interface engines open several connections in one name.
    authenticate(options.authenticator ?? byPolicy(), { takeover: false }),
    enrich(options.enrichments ?? {}),
    batch({ lingerMs: 0, ...options.batch }),
    hub(to, options.hub),
  )
}
