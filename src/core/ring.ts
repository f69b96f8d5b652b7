import { type Duplex, finished } from 'node:stream'
import Pumpify from 'pumpify'
import { Attachment } from './attachment.ts'
import { BackpressureWatch } from './backpressure.ts'
import { type Composition, compose, type Placed } from './composition.ts'
import type { Connection } from './connection.ts'
import { GatewayError } from './errors.ts'
import { Judge, type JudgedRing } from './judge.ts'
import { DownContext, UpContext } from './lane-context.ts'
import type { Level } from './levels.ts'
import type { Direction } from './meter.ts'
import type { AnyStage, Pipeline } from './pipeline.ts'
import type { Policy } from './policy.ts'
import type { Slot } from './slot.ts'
import type { Halves } from './stage.ts'

/**
 * A pipeline opened for one connection: socket → up halves → endpoint → down halves → socket as one duplex. Where all halves are steps or
 * active halves that is one through2; Node streams among them are joined with what lies between them by pumpify. Lives until
 * the socket closes; then every stream, timer and hub session of it is gone.
 */
export class Ring implements JudgedRing {
  /** Bytes from the device are written to it; bytes for the device are read from it. */
  readonly stream: Duplex
  readonly connection: Connection
  readonly halves: readonly Halves<Level, Level>[]
  /** The innermost stage whose up half reads ahead of a hello; -1 without one: up to and with it no run waits for a hello's answer. */
  readonly ahead: number
  readonly #pipeline: Pipeline
  readonly #judge: Judge
  readonly #composition: Composition
  readonly #watch = new BackpressureWatch()
  #attachment: Attachment | undefined
  #halted = false
  /** By this side's own decision: what the streams complain of after that is no failure. */
  #destroyed = false

  constructor(pipeline: Pipeline, connection: Connection) {
    this.#pipeline = pipeline
    this.connection = connection
    this.halves = pipeline.stages.map((stage) => stage.open(connection))
    this.ahead = this.halves.findLastIndex((halves) => halves.ahead)
    this.#judge = new Judge(this)
    connection.onRefused((error, items) => {
      const [name = pipeline.endpoint.name, direction] = (error.stage ?? '').split('.')
      this.#judge.judge(error, items, connection.meter.stage(name, direction === 'down' ? 'down' : 'up'))
    })
    this.#composition = compose({
      placed: this.#place(),
      fuse: pipeline.fuse,
      ahead: this.ahead,
      meter: connection.meter,
      slots: pipeline.slots,
      watch: this.#watch,
      contextOf: (direction, readsAhead) =>
        direction === 'up' ? new UpContext(this.#judge, this, readsAhead) : new DownContext(this.#judge, this),
      broken: (error, name) => this.#fail(GatewayError.from(error, name)),
    })
    this.stream = this.#join(this.#composition.chain)
  }

  get policy(): Policy {
    return this.#pipeline.policy
  }

  /** Why the ring broke; undefined while it lives and after an orderly end. */
  get failure(): GatewayError | undefined {
    return this.#judge.failure
  }

  /** True once this side decided to take no more input. */
  get halted(): boolean {
    return this.#halted
  }

  /** True once its streams are destroyed. */
  get gone(): boolean {
    return this.stream.destroyed
  }

  /** True while some stage, the hub or the device's own reading holds the ring. */
  get blocked(): boolean {
    return this.#composition.chain[0]?.writableNeedDrain === true || this.#watch.blocked
  }

  /**
   * Takes no more input from the device, but finishes what was taken: batches are flushed, receipts go down, then the
   * readable side ends. Called on drain, by a policy that answers `close`, and with a reason where a newer connection takes over.
   */
  halt(reason?: GatewayError): void {
    if (reason !== undefined) this.#fail(reason)
    if (this.#halted) return
    this.#halted = true
    this.connection.halt()
    this.#attachment?.halt()
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
    const { stream, connection } = this
    const { meter } = connection
    const attachment = new Attachment({
      socket,
      stream,
      last: this.#composition.chain.at(-1) as Duplex,
      entry: this.#composition.entry,
      meter,
      boundary: this.#watch.boundary(meter.stage('socket', 'down')),
      lost: (cause) => {
        if (!this.#halted) this.#fail(lostConnection(cause))
      },
      done: () => {
        this.#close()
        done(this.failure)
      },
    })
    this.#attachment = attachment
    if (this.#halted) attachment.halt()
    connection.onUnread(() => attachment.unread)
  }

  /**
   * Turns an item round into the other lane, just outside (going down) or just inside (going up) of the stage it came
   * from. Only a full down lane holds the up lane: a device that pings and never reads must not fill memory. What turns
   * up again is bounded by the commands that are waiting, and must not wait, or the ring could hold itself for ever.
   */
  turn(item: unknown, { stage, meter }: Slot): Promise<void> | undefined {
    if (meter.direction === 'up') return this.enterOutside(stage, item)
    void this.#composition.enterInside(stage, item)
    return undefined
  }

  enterOutside(stage: number, item: unknown): Promise<void> | undefined {
    return this.#composition.enterOutside(stage, item)
  }

  #join(chain: readonly Duplex[]): Duplex {
    const [only] = chain
    if (chain.length === 1 && only !== undefined) {
      only.on('close', () => this.#ended(only.readableEnded && only.writableFinished && only.errored === null))
      return only
    }
    const joined = new Pumpify([...chain])
    // The reason of a failure is kept at the stage, since pump destroys the neighbours without it.
    joined.on('error', (error) => {
      if (!this.#halted) this.#fail(GatewayError.from(error))
    })
    finished(joined, (error) => this.#ended(!error))
    return joined
  }

  #place(): readonly Placed[] {
    const { stages, endpoint } = this.#pipeline
    const placed: Placed[] = []
    const place = (stage: number, direction: Direction) => {
      const half = (this.halves[stage] as Halves<Level, Level>)[direction] as Placed['half'] | undefined
      if (half !== undefined) {
        placed.push({ stage, name: (stages[stage] as AnyStage).name, direction, half, waiting: 16 })
      }
    }
    for (let stage = 0; stage < stages.length; stage++) place(stage, 'up')
    const half = endpoint.open(this.connection)
    placed.push({ stage: stages.length, name: endpoint.name, direction: 'up', half, waiting: 1 })
    for (let stage = stages.length - 1; stage >= 0; stage--) place(stage, 'down')
    return placed
  }

  #fail(failure: GatewayError): void {
    if (!this.#destroyed) this.#judge.fail(failure)
  }

  #ended(inOrder: boolean): void {
    this.#close()
    this.#attachment?.ringClosed(inOrder)
  }

  #close(): void {
    for (const stream of this.#composition.chain) stream.destroy()
    this.#watch.close()
    this.connection.close()
  }
}

function lostConnection(cause: Error): GatewayError {
  return cause instanceof GatewayError ? cause : new GatewayError('CONNECTION_LOST', cause.message, { cause })
}
