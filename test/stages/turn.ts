import type { GatewayError } from '../../src/core/errors.ts'
import type { Half, Outlet } from '../../src/core/stage.ts'
import { stepOf } from '../../src/testing.ts'

/** What a step did, in order; a throw is a refusal of the item, as a run has it. */
export type Deed = ['emit' | 'reply', unknown] | ['fail', string, unknown]

/** What the items of a turn lead to. */
export interface Turn {
  readonly deeds: readonly Deed[]
  /** How many of them the step took at once. */
  readonly taken: number
}

/** Gives a step several items as a run does: at once as far as it takes them, the others one by one. `stepOf` of a half takes none at once. */
export function turn<In, Next, Back>(half: Half<In, Next, Back> | undefined, items: readonly In[]): Turn {
  const deeds: Deed[] = []
  const out = outlet(deeds) as Outlet<Next, Back>
  const taken = half !== undefined && 'pushAll' in half ? half.pushAll(items, out) : 0
  const step = stepOf(half)
  for (const item of items.slice(taken)) {
    try {
      void step(item, out)
    } catch (error) {
      out.fail(error as GatewayError, item)
    }
  }
  return { deeds, taken }
}

function outlet(deeds: Deed[]): Outlet<unknown, unknown> {
  return {
    emit: (item) => deeds.push(['emit', item]),
    reply: (item) => deeds.push(['reply', item]),
    fail: ({ code, message }, item) => deeds.push(['fail', `${code}: ${message}`, item]),
  }
}
