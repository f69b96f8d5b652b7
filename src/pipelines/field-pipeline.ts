import type { Framing } from '../core/framing.ts'
import type { Frames, Messages } from '../core/levels.ts'
import { type Pipeline, pipeline } from '../core/pipeline.ts'
import type { Stage } from '../core/stage.ts'
import type { Hub } from '../hub/port.ts'
import { authenticate } from '../stages/authenticate.ts'
import { byPolicy } from '../stages/authenticators.ts'
import { batch } from '../stages/batch.ts'
import { enrich } from '../stages/enrich.ts'
import { hub } from '../stages/hub.ts'
import type { DeviceOptions } from './device-options.ts'

/** Options of pipelines whose devices are told by names of fields: of all ready pipelines but `envelope`, since nothing frames a value. */
export type FieldDeviceOptions = Omit<DeviceOptions, 'envelope'>

/** The stages that these pipelines have in common, around a framing and a codec. */
export function fieldPipeline(
  name: string,
  to: Hub,
  framing: Framing,
  codec: Stage<Frames, Messages>,
  options: FieldDeviceOptions,
): Pipeline {
  return pipeline(
    name,
    framing,
    codec,
    authenticate(options.authenticator ?? byPolicy()),
    enrich(options.enrichments ?? {}),
    batch(options.batch),
    hub(to, options.hub),
  )
}
