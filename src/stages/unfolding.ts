import { failedReceipt, receipt } from '../core/items.ts'
import type { Batches, Messages } from '../core/levels.ts'
import type { PipelineMeter } from '../core/meter.ts'
import type { Outlet } from '../core/stage.ts'
import type { Packs } from './packs.ts'

type Out = Outlet<Messages['down'], Batches['up']>

/** Unfolds the receipt of a batch into those of its messages, in their order; commands pass. */
export type Unfolding = (item: Batches['down'], out: Out) => void

/** With the readings of packed messages, which it lets go of. Called by `batch` for every connection. */
export function unfolding(packs: Packs, meter: PipelineMeter): Unfolding {
  return (item, out) => unfold(item, out, packs, meter)
}

const noPacks: Packs = new Map()

const shared = new WeakMap<PipelineMeter, Unfolding>()

/** Where nothing is packed: the same step for all connections of a pipeline, since it stays at hand however many there are. */
export function sharedUnfolding(meter: PipelineMeter): Unfolding {
  let step = shared.get(meter)
  if (step === undefined) {
    step = unfolding(noPacks, meter)
    shared.set(meter, step)
  }
  return step
}

function unfold(item: Batches['down'], out: Out, packs: Packs, meter: PipelineMeter): void {
  if (item.kind === 'command') {
    out.emit(item)
    return
  }
  const { messages } = item.of
  const { exceptions } = item
  // Mostly the hub has taken all of them, and none is a pack.
  if (exceptions.size === 0 && item.error === undefined && packs.size === 0) {
    let reports = 0
    for (const each of messages) {
      if (each.kind === 'report') reports++
      out.emit(receipt(each, item.outcome))
    }
    meter.countReceipt('telemetry', item.outcome, messages.length - reports)
    meter.countReceipt('report', item.outcome, reports)
    return
  }
  for (const message of messages) {
    const error = exceptions.get(message) ?? item.error
    const readings = packs.get(message)
    packs.delete(message)
    for (const each of readings ?? [message]) {
      const one = error === undefined ? receipt(each, item.outcome) : failedReceipt(each, error)
      meter.countReceipt(each.kind, one.outcome)
      out.emit(one)
    }
  }
}
