import type { Duplex } from 'node:stream'
import type { Connection } from './connection.ts'
import type { GatewayError } from './errors.ts'
import type { Level } from './levels.ts'
import type { Gauge } from './meter.ts'

/** Where a step puts its results: on the way it was going, or back the way it came. Valid during the call only. */
export interface Outlet<Next, Back> {
  emit(item: Next): void
  reply(item: Back): void
  /**
   * Refuses one of several items that the call found, while the others go on: as a throw, but not the end of the call.
   * `item` is what failed, for its receipt or the dead letters. Once the policy has closed the connection, what is emitted
   * after it is not taken.
   */
  fail(error: GatewayError, item: unknown): void
}

/**
 * The body of a stage half: takes one item, calls the outlet any number of times, then returns, or resolves once it has
 * called it for the last time. While a promise is pending the lane waits: that is how a step holds back. A throw (or a
 * rejection) is an error about this item. No timers, no emitting later: what needs them is a Node stream.
 */
export type Step<In, Next, Back> = (item: In, out: Outlet<Next, Back>) => undefined | void | Promise<void>

/** A step as an object, for one that keeps something of its connection: that takes half the memory of a closure with its context. */
export interface StepObject<In, Next, Back> {
  push(item: In, out: Outlet<Next, Back>): undefined | void | Promise<void>
}

/** A step that also wants to know when its lane ends, to give out or refuse what it still holds. */
export interface EndingStep<In, Next, Back> extends StepObject<In, Next, Back> {
  end(out: Outlet<Next, Back>): undefined | void | Promise<void>
}

/** A step that does better with all items of a turn at hand, such as one that joins texts into one buffer. */
export interface TurnStep<In, Next, Back> extends StepObject<In, Next, Back> {
  /**
   * Called in place of `push` for several items, with the same results as `push` for each in order. It never waits. Returns how many it has
   * taken, from the first on. The others are pushed singly, so it may leave the first that is unusual, or fails. If it leaves any, it has
   * refused none.
   */
  pushAll(items: readonly In[], out: Outlet<Next, Back>): number
}

/** What an {@link ActiveHalf} works with all its life. */
export interface ActiveContext<Next> {
  /**
   * Gives an item out, at any moment. Returns a promise while what comes next has no room: an item has been taken all the
   * same, and the half should give no more before that resolves.
   */
  give(item: Next): Promise<void> | undefined
  /** Ends the connection at once: for what concerns no single item. */
  fail(error: Error): void
}

/**
 * A half that also acts in its own time: it keeps items, gives them out by a timer or when the hub has answered. It does what a Node duplex
 * would, at a fraction of the cost, since a ring runs it between steps without a stream of its own. The batcher and the hub
 * endpoint are two.
 */
export interface ActiveHalf<In, Next> {
  /** Called once, before anything else. */
  start(context: ActiveContext<Next>): void
  /** Takes an item; a promise holds the lane until it resolves. Calls never overlap. A throw ends the connection. */
  push(item: In): undefined | void | Promise<void>
  /** The lane ends: gives out what is left, and resolves when it has nothing more to give. */
  end(): undefined | void | Promise<void>
  /** The connection is gone: lets go of timers and sessions. Called once, also after `end`. */
  destroy(): void
}

/** One direction of a stage: a step, one that hears the end, an active half, or any Node duplex (through2, split2, zlib, your own). */
export type Half<In, Next, Back> =
  | Step<In, Next, Back>
  | StepObject<In, Next, Back>
  | EndingStep<In, Next, Back>
  | TurnStep<In, Next, Back>
  | ActiveHalf<In, Next>
  | Duplex

/** A stage opened for one connection. A direction that is absent passes everything through. */
export interface Halves<Outer extends Level, Inner extends Level> {
  readonly up?: Half<Outer['up'], Inner['up'], Outer['down']>
  readonly down?: Half<Inner['down'], Outer['down'], Inner['up']>
  /**
   * The up half goes on while stages further in wait, for the hub above all: a device that must be answered at once (a heartbeat, a
   * login) is, until the room between the stages is full. Without it nothing behind a hello is looked at before that is answered.
   */
  readonly ahead?: boolean
  /**
   * How this protocol tells a device of an error that answers no item (a frame too long, a line that means nothing);
   * undefined says nothing. The outermost stage that has it is asked.
   */
  refuse?(error: GatewayError): Outer['down'] | undefined
}

/** What operators compose: an up half and a down half between two levels. Holds nothing of any connection. */
export interface Stage<Outer extends Level, Inner extends Level> {
  /** Label of metrics, binding of logs; `name.up` and `name.down` are the stages of errors. */
  readonly name: string
  open(connection: Connection): Halves<Outer, Inner>
  /** True where the gateway speaks first: the ring is opened when the device connects rather than with its first byte. */
  readonly speaksFirst?: boolean
  /** For the compiler only; never set. */
  readonly levels?: readonly [Outer, Inner]
}

/** The hub end of a pipeline: one duplex, or active half, a connection. It takes what goes up and gives what goes down. */
export interface Endpoint<L extends Level> {
  readonly name: string
  /** What must be done once before the first connection. */
  prepare?(): Promise<void>
  /** Closes what it leads to, such as a spool with what waits in it; safe to call twice. */
  close?(): Promise<void>
  /** Numbers of what it leads to, for the metrics. */
  readonly gauges?: readonly Gauge[]
  open(connection: Connection): Duplex | ActiveHalf<L['up'], L['down']>
  /** For the compiler only; never set. */
  readonly level?: L
}

/** Makes a stage from what opens it for a connection. */
export function stage<Outer extends Level, Inner extends Level>(
  name: string,
  open: (connection: Connection) => Halves<Outer, Inner>,
): Stage<Outer, Inner> {
  return { name, open }
}
