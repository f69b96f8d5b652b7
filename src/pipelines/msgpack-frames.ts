import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { msgpackPayload } from '../stages/msgpack-payload.ts'
import { type FieldFrameOptions, fieldFrames } from './field-frames.ts'

/** Options of {@link msgpackFrames}. Fields are keys of maps. */
export interface MsgpackFramesOptions extends FieldFrameOptions {}

/**
 * Devices that send MessagePack, each value with its length in front, told by options alone; takes `npm install msgpackr`.
 * docs/protocols/generic.md has examples.
 *
 * ```
 * msgpackFrames(hub, { length: 'u32', deviceId: { field: 'id' }, sequence: 'n', acknowledge: { complete: { ack: '{sequence}' } } })
 *         up:    00 00 00 0A | 82 A2 69 64 A2 64 31 A1 6E 07      →  telemetry {"id":"d1","n":7} of d1
 *         down:  00 00 00 06 | 81 A3 61 63 6B 07                  { ack: 7 }, when the hub has it
 * ```
 * Errors: `CONFIGURATION` for options that cannot work; else those of {@link msgpackPayload} and of `payload`.
 */
export function msgpackFrames(to: Hub, options: MsgpackFramesOptions): Pipeline {
  return fieldFrames(to, { name: 'msgpackFrames', protocol: 'msgpack', format: msgpackPayload() }, options)
}
