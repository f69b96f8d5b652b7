import { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Level } from '../core/levels.ts'
import { isStream } from '../core/plain-stream.ts'
import type { Half, Outlet, Stage } from '../core/stage.ts'

/** One thing that a half did with what it was given: passed it on, turned it round, or refused it. */
export type Outcome<Next> =
  | { readonly emitted: Next }
  | { readonly replied: unknown }
  | { readonly error: GatewayError; readonly item: unknown }

/** An up half that was opened, to be given chunks one after the other. */
export interface OpenedHalf<In, Next> {
  /** Gives it an item; what it does joins `outcomes`. */
  push(item: In): Promise<void> | undefined
  /** Ends it. */
  end(): Promise<void> | undefined
  readonly outcomes: Outcome<Next>[]
  /** Bytes that it holds, where it is a deframer that says so; else 0. */
  heldBytes(): number
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
  const out: Outlet<Next, Back> = {
    emit: (emitted) => outcomes.push({ emitted }),
    reply: (replied) => outcomes.push({ replied }),
    fail: (error, item) => outcomes.push({ error, item }),
  }
  if (half !== undefined && isStream(half)) {
    throw new GatewayError('CONFIGURATION', `the half of ${name} is a stream, which works in its own time`)
  }
  const call = (work: () => unknown, item: unknown): Promise<void> | undefined => {
    const refuse = (thrown: unknown) => {
      outcomes.push({ error: GatewayError.from(thrown), item })
    }
    try {
      const pending = work()
      return pending instanceof Promise ? pending.then(() => undefined, refuse) : undefined
    } catch (thrown) {
      refuse(thrown)
      return undefined
    }
  }
  const push = half === undefined || typeof half === 'function' ? half : half.push.bind(half)
  return {
    outcomes,
    push: (item) => call(() => (push === undefined ? out.emit(item as unknown as Next) : push(item, out)), item),
    end: () => call(() => (half === undefined || typeof half === 'function' ? undefined : half.end(out)), undefined),
    heldBytes: () => (typeof half === 'object' && 'heldBytes' in half ? Number(half.heldBytes) : 0),
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
  return half.outcomes
}

/** An outcome as a line, for comparing and for messages. */
export function outcomeText(outcome: Outcome<unknown>): string {
  if ('error' in outcome) return `${outcome.error.code}: ${outcome.error.message} [${valueText(outcome.item)}]`
  return 'emitted' in outcome ? valueText(outcome.emitted) : `reply ${valueText(outcome.replied)}`
}

function valueText(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('hex')
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
