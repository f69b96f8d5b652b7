import type { GatewayError } from '../../core/errors.ts'
import type { Outcome, Receipt, Report, Telemetry } from '../../core/items.ts'
import { ReceiptGroup } from '../receipt-group.ts'
import { results } from './answers.ts'
import { isOfPlatform } from './bodies.ts'
import type { Header } from './message.ts'
import { messageIds } from './message-ids.ts'
import type { Platform } from './platform.ts'
import { isReply } from './replies.ts'
import type { SubPackageDesk } from './sub-package-desk.ts'
import type { SubPackageGroup } from './sub-package-group.ts'

/** An answer that waits for the hub: the tag of what a message became, alone or in a {@link ReceiptGroup}. */
export interface Owed {
  /** Whom the answer names: the message, or the sub-package that made it whole. */
  readonly to: Header
  /** Of an upload, which is answered by 0x8800. */
  readonly multimediaId?: number | undefined
  /** The sub-packages that the message was joined of. */
  readonly group?: SubPackageGroup | undefined
}

/** True for messages that are answered by 0x8001 or 0x8800: all of a terminal that are no answers themselves. */
export function takesAnswer(id: number): boolean {
  return !isOfPlatform(id) && !isReply(id)
}

/** True for heartbeats and logouts, which the hub need not have. */
export function isSignOfLife(id: number): boolean {
  return id === messageIds.heartbeat || id === messageIds.logout
}

/** True for what is answered without the hub also where it is the first message: signs of life, and one of several sub-packages. */
export function isAnsweredAtOnce({ id, subpackage }: Header): boolean {
  return isSignOfLife(id) || (subpackage !== undefined && subpackage.total > 1 && takesAnswer(id))
}

/** Gives the answers that are owed once the hub has answered. */
export class OwedAnswers {
  readonly #platform: Platform
  readonly #desk: SubPackageDesk

  constructor(platform: Platform, desk: SubPackageDesk) {
    this.#platform = platform
    this.#desk = desk
  }

  /** What a receipt makes the gateway say. */
  settle(receipt: Receipt<Telemetry | Report>): readonly Buffer[] {
    const { tag } = receipt.of
    if (tag === undefined) return []
    if (!(tag instanceof ReceiptGroup)) return this.#answer(tag as Owed, receipt.outcome, receipt.error)
    if (!tag.settle(receipt)) return []
    const outcome = tag.abandoned > 0 ? 'abandon' : tag.rejected > 0 ? 'reject' : 'complete'
    return this.#answer(tag.of as Owed, outcome, tag.error)
  }

  #answer({ to, multimediaId, group }: Owed, outcome: Outcome, error: GatewayError | undefined): readonly Buffer[] {
    const result = resultOf(outcome, error)
    if (group !== undefined) {
      if (result === results.ok) this.#desk.stored(group)
      else if (result === results.failed) this.#desk.failed(group)
      else this.#desk.refused(group)
    }
    if (result === results.ok && multimediaId !== undefined) return [this.#platform.multimedia(to, multimediaId)]
    return [this.#platform.answer(to, result)]
  }
}

/** What is wrong with a message itself: sending it again is of no use. */
const wrongItself: ReadonlySet<string | undefined> = new Set(['BAD_CONTENT', 'MESSAGE_TOO_LARGE'])

/**
 * What 0x8001 says of a message: 0, the hub has it; 2, it is wrong, and would be again; 1, the hub has not got it, for now or because it
 * would not take it.
 */
function resultOf(outcome: Outcome, error: GatewayError | undefined): number {
  if (outcome === 'complete') return results.ok
  return outcome === 'reject' && wrongItself.has(error?.code) ? results.badMessage : results.failed
}
