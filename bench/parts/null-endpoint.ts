import type { GatewayError } from '../../src/core/errors.ts'
import type { Batch, BatchReceipt, Command, Receipt, Report, Telemetry } from '../../src/core/items.ts'
import type { Batches } from '../../src/core/levels.ts'
import type { ActiveContext, ActiveHalf, Endpoint } from '../../src/core/stage.ts'

const noExceptions: ReadonlyMap<Telemetry | Report, GatewayError> = new Map()

/** An endpoint without a hub: counts the messages of every batch and answers it complete at once. */
export function nullEndpoint(arrived: (messages: number) => void): Endpoint<Batches> {
  return { name: 'null', open: () => new NullEndpoint(arrived) }
}

class NullEndpoint implements ActiveHalf<Batch | Receipt<Command>, BatchReceipt> {
  readonly #arrived: (messages: number) => void
  #context: ActiveContext<BatchReceipt> | undefined

  constructor(arrived: (messages: number) => void) {
    this.#arrived = arrived
  }

  start(context: ActiveContext<BatchReceipt>): void {
    this.#context = context
  }

  push(item: Batch | Receipt<Command>): Promise<void> | undefined {
    if (item.kind === 'receipt') return undefined
    this.#arrived(item.messages.length)
    // An unread receipt holds the next batch, as in the hub endpoint.
    return this.#context?.give({
      kind: 'receipt',
      of: item,
      outcome: 'complete',
      error: undefined,
      response: undefined,
      exceptions: noExceptions,
    })
  }

  end(): void {}

  destroy(): void {}
}
