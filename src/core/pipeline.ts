import type { Duplex } from 'node:stream'
import type { Connection } from './connection.ts'
import { GatewayError } from './errors.ts'
import type { Bytes, Level } from './levels.ts'
import type { Gauge } from './meter.ts'
import { defaultPolicy, type Policy } from './policy.ts'
import { Ring } from './ring.ts'
import { SlotTable } from './slot.ts'
import type { ActiveHalf, Endpoint, Halves, Stage } from './stage.ts'

/** A stage whose levels the pipeline's signature has checked. */
export interface AnyStage {
  readonly name: string
  readonly speaksFirst?: boolean
  open(connection: Connection): Halves<Level, Level>
}

/** An endpoint whose level the pipeline's signature has checked. */
export interface AnyEndpoint {
  readonly name: string
  prepare?(): Promise<void>
  close?(): Promise<void>
  readonly gauges?: readonly Gauge[]
  open(connection: Connection): Duplex | ActiveHalf<unknown, unknown>
}

/** What {@link Pipeline.with} may change. */
export interface PipelineOptions {
  /** What errors lead to; default {@link defaultPolicy}. */
  readonly policy?: Policy
  /** False gives every step a stream of its own: the same results, slower; for tests and for debugging a stage. */
  readonly fuse?: boolean
}

/** Ordered stages and an endpoint: a blueprint that holds no live resource and serves any number of connections. */
export class Pipeline {
  /** Label of metrics: letters, digits, `-` and `_`. */
  readonly name: string
  readonly stages: readonly AnyStage[]
  readonly endpoint: AnyEndpoint
  readonly policy: Policy
  readonly fuse: boolean
  /** For its rings. */
  readonly slots = new SlotTable()

  constructor(name: string, stages: readonly AnyStage[], endpoint: AnyEndpoint, options: PipelineOptions = {}) {
    if (!/^[\w-]+$/.test(name)) {
      throw new GatewayError(
        'CONFIGURATION',
        `pipeline name '${name}' has characters other than letters, digits, - and _`,
      )
    }
    const names = [...stages, endpoint].map((each) => each.name)
    const twice = names.find((each, index) => names.indexOf(each) !== index)
    if (twice !== undefined) {
      throw new GatewayError(
        'CONFIGURATION',
        `pipeline '${name}' has two stages named '${twice}'; metrics could not tell them apart`,
      )
    }
    this.name = name
    this.stages = stages
    this.endpoint = endpoint
    this.policy = options.policy ?? defaultPolicy
    this.fuse = options.fuse ?? true
  }

  /** The same stages under another policy, or unfused. */
  with(options: PipelineOptions): Pipeline {
    return new Pipeline(this.name, this.stages, this.endpoint, { policy: this.policy, fuse: this.fuse, ...options })
  }

  /** True where one of the stages speaks before the device has sent a byte. */
  get speaksFirst(): boolean {
    return this.stages.some((stage) => stage.speaksFirst === true)
  }

  /** What must be done once before the first connection; called by `serve` before it listens. */
  async prepare(): Promise<void> {
    await this.endpoint.prepare?.()
  }

  /**
   * Closes the hub that it leads to, for whoever did not make that: `headgate serve` does when its gateway is closed. Other pipelines and gateways
   * that lead to the same hub are then cut off from it too.
   */
  async close(): Promise<void> {
    await this.endpoint.close?.()
  }

  /** Opens the ring for one connection. */
  open(connection: Connection): Ring {
    return new Ring(this, connection)
  }
}

/** True for a pipeline, also for one that was made by another copy of this package. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'object' && value !== null && 'stages' in value && 'endpoint' in value
}

/**
 * Composes stages and an endpoint into a blueprint. Stages are listed once, outermost first; the way down is the same
 * list reversed. The types refuse a wrong order, a missing deframer and a missing batcher.
 */
export function pipeline(name: string, end: Endpoint<Bytes>): Pipeline
export function pipeline<A extends Level>(name: string, s1: Stage<Bytes, A>, end: Endpoint<A>): Pipeline
export function pipeline<A extends Level, B extends Level>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  end: Endpoint<B>,
): Pipeline
export function pipeline<A extends Level, B extends Level, C extends Level>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  s3: Stage<B, C>,
  end: Endpoint<C>,
): Pipeline
export function pipeline<A extends Level, B extends Level, C extends Level, D extends Level>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  s3: Stage<B, C>,
  s4: Stage<C, D>,
  end: Endpoint<D>,
): Pipeline
export function pipeline<A extends Level, B extends Level, C extends Level, D extends Level, E extends Level>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  s3: Stage<B, C>,
  s4: Stage<C, D>,
  s5: Stage<D, E>,
  end: Endpoint<E>,
): Pipeline
export function pipeline<
  A extends Level,
  B extends Level,
  C extends Level,
  D extends Level,
  E extends Level,
  F extends Level,
>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  s3: Stage<B, C>,
  s4: Stage<C, D>,
  s5: Stage<D, E>,
  s6: Stage<E, F>,
  end: Endpoint<F>,
): Pipeline
export function pipeline<
  A extends Level,
  B extends Level,
  C extends Level,
  D extends Level,
  E extends Level,
  F extends Level,
  G extends Level,
>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  s3: Stage<B, C>,
  s4: Stage<C, D>,
  s5: Stage<D, E>,
  s6: Stage<E, F>,
  s7: Stage<F, G>,
  end: Endpoint<G>,
): Pipeline
export function pipeline<
  A extends Level,
  B extends Level,
  C extends Level,
  D extends Level,
  E extends Level,
  F extends Level,
  G extends Level,
  H extends Level,
>(
  name: string,
  s1: Stage<Bytes, A>,
  s2: Stage<A, B>,
  s3: Stage<B, C>,
  s4: Stage<C, D>,
  s5: Stage<D, E>,
  s6: Stage<E, F>,
  s7: Stage<F, G>,
  s8: Stage<G, H>,
  end: Endpoint<H>,
): Pipeline
export function pipeline(name: string, ...parts: unknown[]): Pipeline {
  const endpoint = parts.pop()
  if (endpoint === undefined) throw new GatewayError('CONFIGURATION', `pipeline '${name}' has no endpoint`)
  return new Pipeline(name, parts as AnyStage[], endpoint as AnyEndpoint)
}
