import type { Duplex } from 'node:stream'
import { GatewayError } from '../core/errors.ts'
import { isStream } from '../core/plain-stream.ts'
import type { ActiveHalf, Half, Step } from '../core/stage.ts'

/** True for a half that is called item by item; false for one that works in its own time. */
export function isStep<In, Next, Back>(
  half: Half<In, Next, Back>,
): half is Exclude<Half<In, Next, Back>, Duplex | ActiveHalf<In, Next>> {
  return !isStream(half) && !('start' in half)
}

/**
 * The step that a stage half is, as a function, whichever of the forms of a step it has; for tests that call it item by item. Throws
 * `CONFIGURATION` for a half that is none, since it works in its own time, and for one that is not there.
 */
export function stepOf<In, Next, Back>(half: Half<In, Next, Back> | undefined): Step<In, Next, Back> {
  if (half === undefined) throw new GatewayError('CONFIGURATION', 'the half is not there: everything passes')
  if (!isStep(half)) throw new GatewayError('CONFIGURATION', 'the half is no step: it works in its own time')
  return typeof half === 'function' ? half : (item, out) => half.push(item, out)
}
