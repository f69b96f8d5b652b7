import { Duplex } from 'node:stream'
import type { GatewayError } from '../../src/core/errors.ts'
import type { Batch, BatchReceipt, Command, Receipt, Report, Telemetry } from '../../src/core/items.ts'
import type { Batches } from '../../src/core/levels.ts'
import type { Endpoint } from '../../src/core/stage.ts'

const noExceptions: ReadonlyMap<Telemetry | Report, GatewayError> = new Map()

/** An endpoint without a hub: counts the messages of every batch and answers it complete at once. */
export function nullEndpoint(arrived: (messages: number) => void): Endpoint<Batches> {
  return { name: 'null', open: () => new NullEndpoint(arrived) }
}

class NullEndpoint extends Duplex {
  readonly #arrived: (messages: number) => void
  #held: (() => void) | undefined

  constructor(arrived: (messages: number) => void) {
    super({ objectMode: true, readableHighWaterMark: 1, writableHighWaterMark: 1 })
    this.#arrived = arrived
  }

  override _write(item: Batch | Receipt<Command>, _encoding: BufferEncoding, done: () => void): void {
    if (item.kind === 'receipt') {
      done()
      return
    }
    this.#arrived(item.messages.length)
    const answer: BatchReceipt = {
      kind: 'receipt',
      of: item,
      outcome: 'complete',
      error: undefined,
      response: undefined,
      exceptions: noExceptions,
    }
    // An unread receipt holds the next batch, as in the hub endpoint.
    if (this.push(answer)) done()
    else this.#held = done
  }

  override _read(): void {
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }
}
