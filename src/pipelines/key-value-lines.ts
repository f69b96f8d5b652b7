import type { Pipeline } from '../core/pipeline.ts'
import type { Hub } from '../hub/port.ts'
import { type KeyValuePayloadOptions, keyValuePayload } from '../stages/key-value-payload.ts'
import { type FieldLineOptions, fieldLines } from './field-lines.ts'

/** Options of {@link keyValueLines}. Fields are keys. */
export interface KeyValueLinesOptions
  extends FieldLineOptions,
    Pick<KeyValuePayloadOptions, 'pairSeparator' | 'keySeparator'> {}

/**
 * Devices that send lines of keys and values, told by options alone. docs/protocols/generic.md has examples.
 *
 * ```
 * keyValueLines(hub, { deviceId: { field: 'id' }, sequence: 'n', numbers: 'all', acknowledge: { complete: 'OK {sequence}' } })
 *                                            up:    id=d1;n=7;t=20.50    →  telemetry {"id":"d1","n":7,"t":20.50} of d1
 *                                            down:  OK 7                 when the hub has it
 * ```
 * Errors: `CONFIGURATION` for options that cannot work; else those of {@link keyValuePayload} and of `payload`.
 */
export function keyValueLines(to: Hub, options: KeyValueLinesOptions): Pipeline {
  const { pairSeparator, keySeparator } = options
  const format = keyValuePayload({
    ...(pairSeparator !== undefined && { pairSeparator }),
    ...(keySeparator !== undefined && { keySeparator }),
  })
  return fieldLines(to, { name: 'keyValueLines', protocol: 'keyvalue', format }, options)
}
