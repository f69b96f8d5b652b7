import assert from 'node:assert/strict'
import type { Transform } from 'node:stream'
import { FusedStream, type FusedStreamOptions } from '../../src/core/fused-stream.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import type { Run } from '../../src/core/run.ts'
import { type AnyStep as AnyBody, nameOf, type RunContext } from '../../src/core/slot.ts'
import type { Outlet, Step } from '../../src/core/stage.ts'

export type AnyStep = Step<unknown, unknown, unknown>
export type AnyOutlet = Outlet<unknown, unknown>
export type { AnyBody }

/** Of a ring that stands in nobody's way; nothing may fail in it. */
export const passingContext: RunContext = {
  failed: (error) => assert.fail(error as Error),
  reply: () => undefined,
  // Asked always, whatever it would say.
  watch: (run) => {
    run.troubled = true
  },
  timed: true,
  refused: () => false,
  shut: () => false,
  identified: () => true,
  answered: () => undefined,
  assertTimely: () => {},
}

/** A run of its own, outside of any ring: items in and out, replies collected. */
export interface LoneRun {
  readonly run: { readonly stream: Transform; inject(at: number, item: unknown): Promise<void> | undefined }
  readonly meter: PipelineMeter
  /** What came out so far. */
  readonly out: unknown[]
  readonly replied: unknown[]
  readonly failed: { readonly error: unknown; readonly item: unknown; readonly slot: string }[]
}

export interface LoneRunOptions extends Partial<FusedStreamOptions> {
  readonly context?: Partial<RunContext>
  /** False leaves what comes out in the stream; default true. */
  readonly read?: boolean
  readonly reply?: (item: unknown) => Promise<void> | undefined
}

/** Fuses steps, outermost first. Failures are collected; nothing of a failed item goes on. */
export function loneRun(steps: readonly AnyBody[], options: LoneRunOptions = {}): LoneRun {
  const meter = new PipelineMeter('lone')
  const out: unknown[] = []
  const replied: unknown[] = []
  const failed: LoneRun['failed'] = []
  const reply = (item: unknown) => {
    replied.push(item)
    return options.reply?.(item)
  }
  const slots = steps.map((_, stage) => ({ stage, meter: meter.stage(`s${stage}`, 'up') }))
  const context: RunContext = {
    ...passingContext,
    failed(error, item, slot) {
      failed.push({ error, item, slot: nameOf(slot) })
      return { goesOn: undefined, held: undefined }
    },
    reply,
    ...options.context,
  }
  const part = { slots, steps, direction: 'up' as const, context, boundary: undefined }
  const { stream, parts } = new FusedStream([part], { bytesIn: false, bytesOut: false, ...options })
  const run = { stream, inject: (at: number, item: unknown) => (parts[0] as Run).inject(at, item) }
  if (options.read ?? true) run.stream.on('data', (item) => out.push(item))
  return { run, meter, out, replied, failed }
}

/** A promise and what resolves it. */
export function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
