import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import type { DeviceSpeech, SimulatedIdentity } from './device-speech.ts'

/** What the program knows of a ready pipeline: how to show its frames, and how its devices speak. */
export interface ReadyProtocol {
  /** As the pipeline's function is called. */
  readonly name: string
  /** The pipeline of `headgate decode`: believes any device, and shows all that it finds in a frame. Every message goes to the hub by itself. */
  decode(to: Hub): Pipeline
  /** The byte table of the frames that were pasted, for `decode --annotate`. Throws a GatewayError for what are none. */
  annotate(bytes: Buffer): string
  /** The pipeline that its simulated devices talk to in tests: it answers all that can be answered. */
  simulated(to: Hub): Pipeline
  /** A simulated device. */
  device(identity: SimulatedIdentity): DeviceSpeech
}
