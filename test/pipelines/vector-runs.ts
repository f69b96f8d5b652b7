import assert from 'node:assert/strict'
import { DecodeSession, type HubAnswer } from '../../src/cli/decode-session.ts'
import type { Pipeline } from '../../src/core/pipeline.ts'
import type { Hub } from '../../src/hub/port.ts'

/** What went up, as `headgate decode` shows it. */
export interface ShownUp {
  readonly kind: string
  readonly deviceId: string | null
  // biome-ignore lint/suspicious/noExplicitAny: what a body holds is what the tests are about
  readonly body: any
  readonly properties: Readonly<Record<string, string>>
  readonly messageId?: string
  readonly creationTimeUtc?: string
}

/** Everything that came of a run. */
export interface VectorRun {
  readonly ups: ShownUp[]
  /** All answers, one behind the other, in hexadecimal. */
  readonly down: string
  readonly errors: { readonly code: string; readonly message: string; readonly stage?: string }[]
}

/** How {@link runVector} runs. */
export interface VectorRunOptions {
  readonly hub?: HubAnswer
  /** Identified as this device from the start. */
  readonly hello?: string
  /** Every chunk is a frame of its own, as in `headgate decode` without `--chunks`; default false. */
  readonly framed?: boolean
}

/** Runs chunks, then the device's FIN, through a pipeline of `headgate decode`, and returns what came of them. */
export async function runVector(
  make: (to: Hub) => Pipeline,
  chunks: readonly Buffer[],
  options: VectorRunOptions = {},
): Promise<VectorRun> {
  const { hub = 'accept', hello, framed = false } = options
  const session = new DecodeSession(make, { hub, hello, framed })
  const lines: string[] = []
  if (framed) for (const chunk of chunks) lines.push(...(await session.push(chunk)))
  else lines.push(...(await session.push(...chunks)))
  lines.push(...(await session.end()))
  const run = { ups: [] as ShownUp[], down: '', errors: [] as VectorRun['errors'] }
  for (const line of lines) {
    const { up, down, error } = JSON.parse(line) as { up?: ShownUp; down?: string; error?: VectorRun['errors'][0] }
    if (up !== undefined) run.ups.push(up)
    if (down !== undefined) run.down += down
    if (error !== undefined) run.errors.push(error)
  }
  return run
}

/** Asserts that `actual` has every member of `expected`, deep; numbers to 1e-7 of their size, lists of the same length. */
export function assertContains(actual: unknown, expected: unknown, path = ''): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    const limit = 1e-7 * Math.max(Math.abs(expected), 1e-30)
    assert.ok(Math.abs(actual - expected) <= limit, `${path}: ${actual} instead of ${expected}`)
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${path}: no list`)
    assert.equal(actual.length, expected.length, `${path}: another length`)
    for (const [index, each] of expected.entries()) assertContains(actual[index], each, `${path}[${index}]`)
  } else if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, `${path}: ${JSON.stringify(actual)} instead of an object`)
    for (const [name, each] of Object.entries(expected)) {
      assertContains((actual as Record<string, unknown>)[name], each, `${path}.${name}`)
    }
  } else {
    assert.deepEqual(actual, expected, `${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
  }
}
