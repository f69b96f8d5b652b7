import assert from 'node:assert/strict'
import { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Level } from '../core/levels.ts'
import type { Half, Outlet, Stage } from '../core/stage.ts'
import { isStep, stepOf } from './step-of.ts'

/**
 * One thing that a half did with what it was given: passed it on, turned it round, or refused it. `text` is what it was at that
 * moment, for comparing and for messages: a half that uses a buffer again shows another one later.
 */
export type Outcome<Next> = { readonly text: string } & (
  | { readonly emitted: Next }
  | { readonly replied: unknown }
  | { readonly error: GatewayError; readonly item: unknown }
)

/** An up half that was opened, to be given chunks one after the other. */
export interface OpenedHalf<In, Next> {
  /** Gives it an item; what it does joins `outcomes`. */
  push(item: In): Promise<void> | undefined
  /** Ends it. */
  end(): Promise<void> | undefined
  readonly outcomes: Outcome<Next>[]
  /** Bytes that it holds, where it is a deframer that says so. */
  heldBytes(): number | undefined
}

/** Opens the up half of a stage for a connection of its own. Throws for a half that is a stream: {@link feed} runs those. */
export function openUp<Outer extends Level, Inner extends Level>(
  stage: Stage<Outer, Inner>,
): OpenedHalf<Outer['up'], Inner['up']> {
  return openHalf(stage, stage.open(new Connection({ id: 'tested', pipeline: 'tested' })).up)
}

/** As {@link openUp}, the down half. */
export function openDown<Outer extends Level, Inner extends Level>(
  stage: Stage<Outer, Inner>,
): OpenedHalf<Inner['down'], Outer['down']> {
  return openHalf(stage, stage.open(new Connection({ id: 'tested', pipeline: 'tested' })).down)
}

function openHalf<In, Next, Back>(
  { name }: { readonly name: string },
  half: Half<In, Next, Back> | undefined,
): OpenedHalf<In, Next> {
  const outcomes: Outcome<Next>[] = []
  const refuse = (error: GatewayError, item: unknown) => {
    outcomes.push({ error, item, text: `${error.code}: ${error.message} [${valueText(item)}]` })
  }
  const out: Outlet<Next, Back> = {
    emit: (emitted) => outcomes.push({ emitted, text: valueText(emitted) }),
    reply: (replied) => outcomes.push({ replied, text: `reply ${valueText(replied)}` }),
    fail: refuse,
  }
  if (half !== undefined && !isStep(half)) {
    throw new GatewayError('CONFIGURATION', `the half of ${name} is no step: it works in its own time`)
  }
  const call = (work: () => unknown, item: unknown): Promise<void> | undefined => {
    const refuseThrown = (thrown: unknown) => refuse(GatewayError.from(thrown), item)
    try {
      const pending = work()
      return pending instanceof Promise ? pending.then(() => undefined, refuseThrown) : undefined
    } catch (thrown) {
      refuseThrown(thrown)
      return undefined
    }
  }
  const push = half === undefined ? undefined : stepOf(half)
  return {
    outcomes,
    push: (item) => call(() => (push === undefined ? out.emit(item as unknown as Next) : push(item, out)), item),
    end: () => call(() => (typeof half === 'object' && 'end' in half ? half.end(out) : undefined), undefined),
    heldBytes: () => (typeof half === 'object' && 'heldBytes' in half ? Number(half.heldBytes) : undefined),
  }
}

/** What the up half of a stage does with chunks, and then with the end, in order. */
export async function upOutcomes<Outer extends Level, Inner extends Level>(
  stage: Stage<Outer, Inner>,
  chunks: readonly Outer['up'][],
): Promise<readonly Outcome<Inner['up']>[]> {
  const half = openUp(stage)
  for (const chunk of chunks) await half.push(chunk)
  await half.end()
  assertUnchanged(stage.name, half.outcomes)
  return half.outcomes
}

/** Whoever takes a frame may look at it later. */
export function assertUnchanged(name: string, outcomes: readonly Outcome<unknown>[]): void {
  for (const each of outcomes) {
    if ('emitted' in each)
      assert.equal(valueText(each.emitted), each.text, `${name} gave frames that changed afterwards`)
  }
}

/** What was passed on or refused, as text: bytes in hex. */
export function valueText(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('hex')
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
