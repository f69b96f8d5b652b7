// Over 250 lines: attaching a socket and deciding what an error leads to share the ring's private state; apart, each would
// need the other's insides.
import { type Duplex, finished } from 'node:stream'
import Pumpify from 'pumpify'
import { BackpressureWatch } from './backpressure.ts'
import { assertNotExpired } from './command-expiry.ts'
import { Composition, type Placed } from './composition.ts'
import type { Connection } from './connection.ts'
import { GatewayError, type Verdict } from './errors.ts'
import { type Command, failedReceipt } from './items.ts'
import type { Level } from './levels.ts'
import { type Direction, increment, isPowerOfTwo, type StageMeter } from './meter.ts'
import type { Pipeline } from './pipeline.ts'
import { type Failed, nameOf, type RunContext, type Slot } from './slot.ts'
import type { Halves } from './stage.ts'

/**
 * A pipeline opened for one connection: socket → up halves → endpoint → down halves → socket as one duplex (pumpify).
 * Lives until the socket closes; then every stream, timer and hub session of it is gone.
 */
export class Ring {
  /** Bytes from the device are written to it; bytes for the device are read from it. */
  readonly stream: Duplex
  readonly connection: Connection
  readonly #pipeline: Pipeline
  readonly #halves: readonly Halves<Level, Level>[]
  readonly #composition: Composition
  readonly #watch = new BackpressureWatch()
  #source: NodeJS.ReadableStream | undefined
  #halted = false
  /** The innermost stage whose up half closed the connection by an error: it and those outside of it take nothing more. */
  #shut = -1
  #refusals = false
  /** The innermost stage whose up half reads ahead of a hello; -1 without one. */
  readonly #ahead: number
  #refusalCount = 0
  #bugCount = 0
  #handlerFaultCount = 0
  /** By this side's own decision: what the streams complain of after that is no failure. */
  #destroyed = false
  #failure: GatewayError | undefined

  constructor(pipeline: Pipeline, connection: Connection) {
    this.#pipeline = pipeline
    this.connection = connection
    this.#halves = pipeline.stages.map((stage) => stage.open(connection))
    // Up to and with that stage no run waits for a hello's answer.
    this.#ahead = this.#halves.findLastIndex((halves) => halves.ahead)
    connection.onRefused((error, items) => {
      const [name = pipeline.endpoint.name, direction] = (error.stage ?? '').split('.')
      this.#judge(error, items, connection.meter.stage(name, direction === 'down' ? 'down' : 'up'))
    })
    this.#composition = new Composition({
      placed: this.#place(),
      fuse: pipeline.fuse,
      ahead: this.#ahead,
      meter: connection.meter,
      watch: this.#watch,
      contextOf: (direction, readsAhead) => this.#context(direction, readsAhead),
      broken: (error, name) => this.#fail(GatewayError.from(error, name)),
    })
    const { chain } = this.#composition
    if (chain.length === 1) this.stream = chain[0] as Duplex
    else {
      this.stream = new Pumpify(chain)
      // The reason of a failure is kept at the stage, since pump destroys the neighbours without it.
      this.stream.on('error', (error) => {
        if (!this.#halted) this.#fail(GatewayError.from(error))
      })
    }
    finished(this.stream, () => this.#close())
  }

  /** Why the ring broke; undefined while it lives and after an orderly end. */
  get failure(): GatewayError | undefined {
    return this.#failure
  }

  /** True once this side decided to take no more input. */
  get halted(): boolean {
    return this.#halted
  }

  /** True while some stage, the hub or the device's own reading holds the ring. */
  get blocked(): boolean {
    return this.#watch.blocked
  }

  /**
   * Takes no more input from the device, but finishes what was taken: batches are flushed, receipts go down, then the
   * readable side ends. Called on drain, and by a policy that answers `close`.
   */
  halt(): void {
    if (this.#halted) return
    this.#halted = true
    this.#source?.unpipe(this.stream)
    this.stream.end()
  }

  /** Destroys every stream of the ring at once. */
  destroy(failure?: GatewayError): void {
    if (failure !== undefined) this.#fail(failure)
    this.#destroyed = true
    for (const stream of this.#composition.chain) stream.destroy()
    this.stream.destroy()
  }

  /**
   * Closes the ring around a socket that was opened with allowHalfOpen: the device's FIN travels through all stages and
   * comes back as ours. `done` is called once, when socket and ring are both gone.
   */
  attach(socket: Duplex, done: (failure: GatewayError | undefined) => void): void {
    this.#source = socket
    const meter = this.connection.meter
    this.#watch.add(socket, meter.stage('socket', 'down'))
    socket.on('data', (chunk: Buffer) => {
      meter.bytesUp += chunk.length
    })
    const last = this.#composition.chain.at(-1) as Duplex
    const inLane = () => last.readableLength + (last === this.stream ? 0 : this.stream.readableLength)
    let noneAt = Date.now()
    /** All that was said until then was given to the socket. */
    let givenAt = noneAt
    this.stream.on('data', (chunk: Buffer) => {
      meter.bytesDown += chunk.length
      // It has left all that came before this chunk. Of this one, and what lies behind it, nothing is known yet.
      if (socket.writableLength === 0) noneAt = givenAt
      if (inLane() === 0) givenAt = Date.now()
    })
    this.connection.onUnread(() => {
      const bytes = inLane() + socket.writableLength
      if (bytes === 0) noneAt = givenAt = Date.now()
      return { bytes, noneAt }
    })
    let linger: NodeJS.Timeout | undefined
    // Our FIN is out before theirs: what they still send is read and thrown away for a while. Closing at once would make
    // the system answer it with a reset, which can overtake the last lines that we sent.
    socket.once('finish', () => {
      if (!this.#halted) return
      socket.resume()
      linger = setTimeout(() => socket.destroy(), lingerMs)
    })
    socket.on('error', (error) => {
      if (!this.#halted) this.#fail(lostConnection(error))
    })
    // Not stream.pipeline, whose listeners on both ends cost more than all of the ring, and which takes a ring that has ended in order
    // while the device has not for one that broke.
    socket.pipe(this.stream)
    this.stream.pipe(socket)
    let open = 2
    const closed = () => {
      if (--open > 0) return
      clearTimeout(linger)
      this.#close()
      done(this.#failure)
    }
    socket.once('close', () => {
      if (!socket.readableEnded || !socket.writableFinished) {
        if (!this.#halted) this.#fail(lostConnection(new Error('the connection closed before both sides had ended it')))
        this.stream.destroy()
      }
      closed()
    })
    finished(this.stream, (error) => {
      if (error) socket.destroy()
      closed()
    })
  }

  #place(): readonly Placed[] {
    const { stages, endpoint } = this.#pipeline
    const lane = (direction: Direction) =>
      this.#halves.flatMap((halves, stage): Placed[] => {
        const half = halves[direction] as Placed['half'] | undefined
        return half === undefined ? [] : [{ stage, name: stages[stage]?.name as string, direction, half, waiting: 16 }]
      })
    const inmost: Placed = {
      stage: stages.length,
      name: endpoint.name,
      direction: 'up',
      half: endpoint.open(this.connection),
      waiting: 1,
    }
    return [...lane('up'), inmost, ...lane('down').reverse()]
  }

  #context(direction: Direction, readsAhead: boolean): RunContext {
    return {
      failed: (error, item, slot) => this.#failed(GatewayError.from(error, nameOf(slot)), item, slot, direction),
      reply: (item, slot) => this.#turn(direction, slot.stage, item),
      // Before identity whoever judges what comes too early sees those too that a stage reading ahead has refused.
      refused: (item) =>
        this.#refusals &&
        (readsAhead || this.connection.identity !== undefined) &&
        (item as { refused?: unknown }).refused !== undefined,
      shut: (stage) => direction === 'up' && stage <= this.#shut,
      identified: () => direction === 'down' || readsAhead || this.connection.identity !== undefined,
      answered: (item) =>
        !readsAhead && this.connection.identity === undefined && kindOf(item) === 'hello'
          ? this.connection.helloAnswered()
          : undefined,
      assertTimely: direction === 'down' ? assertTimely : undefined,
    }
  }

  /**
   * Turns an item round into the other lane, just outside (going down) or just inside (going up) of the stage it came
   * from. Only a full down lane holds the up lane: a device that pings and never reads must not fill memory. What turns
   * up again is bounded by the commands that are waiting, and must not wait, or the ring could hold itself for ever.
   */
  #turn(from: Direction, stage: number, item: unknown): Promise<void> | undefined {
    if (from === 'up') return this.#composition.enterOutside(stage, item)
    void this.#composition.enterInside(stage, item)
    return undefined
  }

  #failed(thrown: GatewayError, item: unknown, slot: Slot, direction: Direction): Failed {
    const error = direction === 'up' && slot.stage > this.#ahead ? this.#tooEarly(thrown, item) : thrown
    // A step that fails when the ring is gone, because it is, concerns nobody.
    if (this.stream.destroyed) return nothingMore
    // What this side cuts off by ending the connection is not the device's fault.
    if (error.code === 'FRAME_UNTERMINATED' && (this.#halted || this.#shut >= 0)) return nothingMore
    const verdict = this.#judge(error, [item], slot.meter)
    if (verdict === 'close' && direction === 'up') this.#shut = Math.max(this.#shut, slot.stage)
    return this.#answer(error, item, slot.stage, direction, verdict !== 'drop')
  }

  /**
   * Before identity a reading that is refused is first of all too early: it must not travel on for its receipt, since
   * nothing but a hello passes.
   */
  #tooEarly(error: GatewayError, item: unknown): GatewayError {
    const kind = kindOf(item)
    if (this.connection.identity !== undefined || error.code === 'NOT_IDENTIFIED') return error
    if (kind !== 'telemetry' && kind !== 'report') return error
    return new GatewayError('NOT_IDENTIFIED', `a ${kind} came before the hello`, {
      cause: error,
      stage: error.stage ?? '',
    })
  }

  /** Counts an error, asks the policy what follows, and does it. */
  #judge(error: GatewayError, items: readonly unknown[], meter: StageMeter): Verdict {
    const { connection } = this
    increment(meter.errors, error.code)
    const wanted = this.#guarded('policy', () => this.#pipeline.policy(error, connection)) ?? 'close'
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

  /** Calls what the operator wrote to handle errors: what it throws itself must not reach other connections. */
  #guarded<T>(name: string, call: () => T): T | undefined {
    try {
      return call()
    } catch (thrown) {
      const { message, stack } = GatewayError.from(thrown)
      const count = ++this.#handlerFaultCount
      if (isPowerOfTwo(count)) {
        this.connection.log.error({ handler: name, error: message, stack, count }, 'an error handler threw')
      }
      return undefined
    }
  }

  /** Gives a failed item its receipt, or tells the device of an error that answers no item. */
  #answer(error: GatewayError, item: unknown, stage: number, direction: Direction, tell: boolean): Failed {
    const kind = kindOf(item)
    // What was read ahead waits behind its hello: there it is known whether it came too early.
    const known = this.connection.identity !== undefined || stage <= this.#ahead
    if (direction === 'up' && known && (kind === 'telemetry' || kind === 'report')) {
      ;(item as { refused: GatewayError }).refused = error
      this.#refusals = true
      return { goesOn: item, held: undefined }
    }
    if (direction === 'up' && kind === 'hello') {
      this.connection.helloRefused()
      this.connection.meter.countReceipt('hello', error.retryable ? 'abandon' : 'reject')
      return { goesOn: undefined, held: this.#turn('up', stage, failedReceipt(item, error)) }
    }
    if (direction === 'down' && kind === 'command') {
      this.#turn('down', stage, failedReceipt(item, error))
      return nothingMore
    }
    const held = tell ? this.#tell(error) : undefined
    // The way down must not wait for room in itself.
    return direction === 'down' ? nothingMore : { goesOn: undefined, held }
  }

  /** Tells the device of an error that answers no item, where the protocol has words for it. */
  #tell(error: GatewayError): Promise<void> | undefined {
    const speaker = this.#halves.findIndex((halves) => halves.refuse !== undefined)
    const refusal = this.#guarded('refuse', () => this.#halves[speaker]?.refuse?.(error))
    return refusal === undefined ? undefined : this.#turn('up', speaker, refusal)
  }

  /** Ends the connection because of an error that was answered in the protocol: what was taken before is finished. */
  #end(error: GatewayError): void {
    this.#failure ??= error
    // Not at once: the step that failed is still on the stack, and what it said to the device must enter the lane first.
    process.nextTick(() => this.halt())
  }

  #fail(failure: GatewayError): void {
    if (this.#failure !== undefined || this.#destroyed) return
    this.#failure = failure
    this.connection.log.debug({ code: failure.code, stage: failure.stage, error: failure.message }, 'the ring broke')
  }

  #close(): void {
    for (const stream of this.#composition.chain) stream.destroy()
    this.#watch.close()
    this.connection.close()
  }
}

/** How long a device may go on sending after our FIN. */
const lingerMs = 1000

function lostConnection(cause: Error): GatewayError {
  return cause instanceof GatewayError ? cause : new GatewayError('CONNECTION_LOST', cause.message, { cause })
}

const nothingMore: Failed = { goesOn: undefined, held: undefined }

function kindOf(item: unknown): unknown {
  return (item as { kind?: unknown } | undefined)?.kind
}

/** A command whose time ran out on its way through a slow stage or a full lane goes no further. */
function assertTimely(item: unknown): void {
  if (kindOf(item) === 'command') assertNotExpired(item as Command)
}
