import type { Duplex } from 'node:stream'
import { activeStream } from '../core/active-stream.ts'
import { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Level } from '../core/levels.ts'
import { isStream } from '../core/plain-stream.ts'
import type { Half, Outlet, Stage } from '../core/stage.ts'
import { isStep, stepOf } from './step-of.ts'

/** What a stage half made of what it was fed. */
export interface Fed<Next, Back> {
  readonly emitted: Next[]
  readonly replied: Back[]
  /** What it threw, one error an item. */
  readonly errors: GatewayError[]
}

type UpOf<Outer extends Level, Inner extends Level> = Fed<Inner['up'], Outer['down']>
type DownOf<Outer extends Level, Inner extends Level> = Fed<Outer['down'], Inner['up']>

/**
 * Runs one stage alone: opens it, feeds its up half (and, with `down`, then its down half) item by item, ends both, and
 * returns everything that came out. The connection is fresh unless one is given.
 */
export async function feed<Outer extends Level, Inner extends Level>(
  stage: Stage<Outer, Inner>,
  up: readonly Outer['up'][],
  down: readonly Inner['down'][] = [],
  connection: Connection = new Connection({ id: 'fed', pipeline: 'fed' }),
): Promise<{ up: UpOf<Outer, Inner>; down: DownOf<Outer, Inner> }> {
  const halves = stage.open(connection)
  const result = {
    up: await feedHalf<Outer['up'], Inner['up'], Outer['down']>(halves.up, up),
    down: await feedHalf<Inner['down'], Outer['down'], Inner['up']>(halves.down, down),
  }
  connection.close()
  return result
}

async function feedHalf<In, Next, Back>(
  half: Half<In, Next, Back> | undefined,
  items: readonly In[],
): Promise<Fed<Next, Back>> {
  const fed: Fed<Next, Back> = { emitted: [], replied: [], errors: [] }
  if (half === undefined) return fed
  if (!isStep(half)) {
    await feedStream(isStream(half) ? half : activeStream(half), items, fed)
    return fed
  }
  const out: Outlet<Next, Back> = {
    emit: (item) => fed.emitted.push(item),
    reply: (item) => fed.replied.push(item),
    fail: (error) => fed.errors.push(error),
  }
  const push = stepOf(half)
  for (const item of items) await attempt(() => push(item, out), fed.errors)
  if (typeof half !== 'function' && 'end' in half) await attempt(() => half.end(out), fed.errors)
  return fed
}

async function attempt(call: () => unknown, errors: GatewayError[]): Promise<void> {
  try {
    await call()
  } catch (thrown) {
    errors.push(GatewayError.from(thrown))
  }
}

async function feedStream<In, Next, Back>(stream: Duplex, items: readonly In[], fed: Fed<Next, Back>): Promise<void> {
  for (const item of items) stream.write(item)
  stream.end()
  try {
    for await (const item of stream) fed.emitted.push(item as Next)
  } catch (thrown) {
    fed.errors.push(GatewayError.from(thrown))
  }
}
