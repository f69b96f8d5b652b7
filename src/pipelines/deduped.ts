import { GatewayError } from '../core/errors.ts'
import { type AnyStage, Pipeline } from '../core/pipeline.ts'
import { type DedupeOptions, dedupe } from '../stages/dedupe.ts'

/**
 * A pipeline with {@link dedupe} behind its `authenticate`, as in `deduped(gt06(hub))`: readings that a device sends again reach the hub
 * once. Throws `CONFIGURATION` for options out of range, and for a pipeline that has `dedupe` already or no `authenticate`.
 */
export function deduped(pipeline: Pipeline, options: DedupeOptions = {}): Pipeline {
  const { name, stages, endpoint, policy, fuse } = pipeline
  const place = stages.findIndex((stage) => stage.name === 'authenticate') + 1
  if (place === 0) throw new GatewayError('CONFIGURATION', `deduped: the pipeline ${name} has no authenticate stage`)
  return new Pipeline(name, stages.toSpliced(place, 0, dedupe(options) as AnyStage), endpoint, { policy, fuse })
}
