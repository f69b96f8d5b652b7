import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { cborPayload } from '../stages/cbor-payload.ts'
import { type FieldFrameOptions, fieldFrames } from './field-frames.ts'

/** Options of {@link cborFrames}. Fields are keys of maps. */
export interface CborFramesOptions extends FieldFrameOptions {}

/**
 * Devices that send CBOR, each item with its length in front, told by options alone; takes `npm install cbor-x`.
 * docs/protocols/generic.md has examples.
 *
 * ```
 * cborFrames(hub, { length: 'u16', deviceId: { field: 'id' }, sequence: 'n', acknowledge: { complete: { ack: '{sequence}' } } })
 *         up:    00 0A | A2 62 69 64 62 64 31 61 6E 07      →  telemetry {"id":"d1","n":7} of d1
 *         down:  00 06 | A1 63 61 63 6B 07                  { ack: 7 }, when the hub has it
 * ```
 * Errors: `CONFIGURATION` for options that cannot work; else those of {@link cborPayload} and of `payload`.
 */
export function cborFrames(to: Hub, options: CborFramesOptions): Pipeline {
  return fieldFrames(to, { name: 'cborFrames', protocol: 'cbor', format: cborPayload() }, options)
}
