import type { Connection } from './connection.ts'
import { GatewayError, type Verdict } from './errors.ts'
import { failedReceipt } from './items.ts'
import type { Level } from './levels.ts'
import { increment, isPowerOfTwo, type StageMeter } from './meter.ts'
import type { Policy } from './policy.ts'
import { type Failed, nameOf, type Slot, type Watching } from './slot.ts'
import type { Halves } from './stage.ts'

/** What a judge asks of its ring. */
export interface JudgedRing {
  readonly connection: Connection
  readonly halves: readonly Halves<Level, Level>[]
  readonly policy: Policy
  /** The innermost stage whose up half reads ahead of a hello; -1 without one. */
  readonly ahead: number
  /** True once its streams are destroyed. */
  readonly gone: boolean
  /** True once this side takes no more input. */
  readonly halted: boolean
  halt(): void
  /** Lets an item that a slot turned round enter the other lane. */
  turn(item: unknown, from: Slot): Promise<void> | undefined
  /** Lets an item enter the way down just outside of a stage. */
  enterOutside(stage: number, item: unknown): Promise<void> | undefined
}

/** Decides what an error within a ring leads to: counts it, asks the policy, answers the device, ends the connection. */
export class Judge {
  readonly #ring: JudgedRing
  /** The innermost stage whose up half closed the connection by an error: it and those outside of it take nothing more. */
  #shut = -1
  #refusals = false
  readonly #watching: Watching[] = []
  #refusalCount = 0
  #bugCount = 0
  #handlerFaultCount = 0
  #failure: GatewayError | undefined

  constructor(ring: JudgedRing) {
    this.#ring = ring
  }

  /** Why the ring broke; undefined while it lives and after an orderly end. */
  get failure(): GatewayError | undefined {
    return this.#failure
  }

  /** Called by each run of the way up. */
  watch(run: Watching): void {
    run.troubled = this.#refusals || this.#shut >= 0
    this.#watching.push(run)
  }

  /** True once an item travels on as refused. */
  get refusals(): boolean {
    return this.#refusals
  }

  isShut(stage: number): boolean {
    return stage <= this.#shut
  }

  /** An item failed in a slot. */
  failed(thrown: unknown, item: unknown, slot: Slot): Failed {
    const ring = this.#ring
    const { direction } = slot.meter
    const named = GatewayError.from(thrown, nameOf(slot))
    const error = direction === 'up' && slot.stage > ring.ahead ? this.#tooEarly(named, item) : named
    // A step that fails when the ring is gone, because it is, concerns nobody.
    if (ring.gone) return nothingMore
    // What this side cuts off by ending the connection is not the device's fault.
    if (error.code === 'FRAME_UNTERMINATED' && (ring.halted || this.#shut >= 0)) return nothingMore
    const verdict = this.judge(error, [item], slot.meter)
    if (verdict === 'close' && direction === 'up') {
      this.#shut = Math.max(this.#shut, slot.stage)
      this.#trouble()
    }
    return this.#answer(error, item, slot, verdict !== 'drop')
  }

  /** Counts an error, asks the policy what follows, and does it. */
  judge(error: GatewayError, items: readonly unknown[], meter: StageMeter): Verdict {
    const { connection, policy } = this.#ring
    increment(meter.errors, error.code)
    const wanted = this.#guarded('policy', () => policy(error, connection)) ?? 'close'
    // A connection whose hello failed has nothing left to say, whatever the reason.
    const verdict = kindOf(items[0]) === 'hello' ? 'close' : wanted
    const fields = { code: error.code, stage: error.stage, verdict, items: items.length, error: error.message }
    // A device that sends nothing but garbage must not fill the disk: the first refusals are told, then ever fewer.
    if (error.code === 'BUG') {
      if (isPowerOfTwo(++this.#bugCount))
        connection.log.error({ ...fields, stack: error.stack, count: this.#bugCount }, 'a stage failed')
    } else if (isPowerOfTwo(++this.#refusalCount))
      connection.log.warn({ ...fields, count: this.#refusalCount }, 'refused')
    if (verdict === 'dead-letter') {
      for (const item of items) {
        increment(connection.meter.deadLetters, error.code)
        this.#guarded('onDeadLetter', () => connection.onDeadLetter({ error, item }, connection))
      }
    }
    if (verdict === 'close') this.#end(error)
    return verdict
  }

  /** The ring broke. Only the first reason counts. */
  fail(failure: GatewayError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    const { log } = this.#ring.connection
    log.debug({ code: failure.code, stage: failure.stage, error: failure.message }, 'the ring broke')
  }

  /**
   * Before identity a reading that is refused is first of all too early: it must not travel on for its receipt, since
   * nothing but a hello passes.
   */
  #tooEarly(error: GatewayError, item: unknown): GatewayError {
    const kind = kindOf(item)
    if (this.#ring.connection.identity !== undefined || error.code === 'NOT_IDENTIFIED') return error
    if (kind !== 'telemetry' && kind !== 'report') return error
    return new GatewayError('NOT_IDENTIFIED', `a ${kind} came before the hello`, {
      cause: error,
      stage: error.stage ?? '',
    })
  }

  /** Calls what the operator wrote to handle errors: what it throws itself must not reach other connections. */
  #guarded<T>(name: string, call: () => T): T | undefined {
    try {
      return call()
    } catch (thrown) {
      const { message, stack } = GatewayError.from(thrown)
      const count = ++this.#handlerFaultCount
      if (isPowerOfTwo(count)) {
        this.#ring.connection.log.error({ handler: name, error: message, stack, count }, 'an error handler threw')
      }
      return undefined
    }
  }

  /** Gives a failed item its receipt, or tells the device of an error that answers no item. */
  #answer(error: GatewayError, item: unknown, slot: Slot, tell: boolean): Failed {
    const { connection, ahead } = this.#ring
    const { direction } = slot.meter
    const kind = kindOf(item)
    // What was read ahead waits behind its hello: there it is known whether it came too early.
    const known = connection.identity !== undefined || slot.stage <= ahead
    if (direction === 'up' && known && (kind === 'telemetry' || kind === 'report')) {
      ;(item as { refused: GatewayError }).refused = error
      this.#refusals = true
      this.#trouble()
      return { goesOn: item, held: undefined }
    }
    if (direction === 'up' && kind === 'hello') {
      connection.helloRefused()
      connection.meter.countReceipt('hello', error.retryable ? 'abandon' : 'reject')
      return { goesOn: undefined, held: this.#ring.turn(failedReceipt(item, error), slot) }
    }
    if (direction === 'down' && kind === 'command') {
      void this.#ring.turn(failedReceipt(item, error), slot)
      return nothingMore
    }
    const held = tell ? this.#tell(error) : undefined
    // The way down must not wait for room in itself.
    return direction === 'down' ? nothingMore : { goesOn: undefined, held }
  }

  #trouble(): void {
    for (const run of this.#watching) run.troubled = true
  }

  /** Tells the device of an error that answers no item, where the protocol has words for it. */
  #tell(error: GatewayError): Promise<void> | undefined {
    const { halves } = this.#ring
    const speaker = halves.findIndex(({ refuse }) => refuse !== undefined)
    const refusal = this.#guarded('refuse', () => halves[speaker]?.refuse?.(error))
    return refusal === undefined ? undefined : this.#ring.enterOutside(speaker, refusal)
  }

  /** Ends the connection because of an error that was answered in the protocol: what was taken before is finished. */
  #end(error: GatewayError): void {
    this.#failure ??= error
    // Not at once: the step that failed is still on the stack, and what it said to the device must enter the lane first.
    process.nextTick(() => this.#ring.halt())
  }
}

const nothingMore: Failed = { goesOn: undefined, held: undefined }

function kindOf(item: unknown): unknown {
  return (item as { kind?: unknown } | undefined)?.kind
}
