import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { BackpressureWatch } from '../../src/core/backpressure.ts'
import { FusedStream } from '../../src/core/fused-stream.ts'
import { PipelineMeter } from '../../src/core/meter.ts'
import type { RunPart } from '../../src/core/run.ts'
import type { RunContext, Slot } from '../../src/core/slot.ts'
import type { ActiveContext, Step } from '../../src/core/stage.ts'

const meter = new PipelineMeter('p')
const context: RunContext = {
  failed: () => ({ goesOn: undefined, held: undefined }),
  reply: () => undefined,
  refused: () => false,
  shut: () => false,
  identified: () => true,
  answered: () => undefined,
  assertTimely: () => {},
}

function run(direction: 'up' | 'down', ...steps: readonly Step<unknown, unknown, unknown>[]): RunPart {
  const slots = steps.map((push, stage): Slot => {
    return { stage, meter: meter.stage(`s${stage}`, direction), push, pushAll: undefined, end: undefined }
  })
  return { slots, direction, context, boundary: undefined }
}

/** Keeps what it is given until two are there, or the end. */
class Pairs {
  readonly log: string[]
  #context: ActiveContext<unknown> | undefined
  #kept: unknown[] = []

  constructor(log: string[]) {
    this.log = log
  }

  start(started: ActiveContext<unknown>): void {
    this.#context = started
  }

  push(item: unknown): Promise<void> | undefined {
    this.#kept.push(item)
    return this.#kept.length === 2 ? this.#give() : undefined
  }

  end(): Promise<void> | undefined {
    this.log.push('end')
    return this.#kept.length > 0 ? this.#give() : undefined
  }

  destroy(): void {
    this.log.push('destroy')
  }

  #give(): Promise<void> | undefined {
    const pair = this.#kept.join('')
    this.#kept = []
    return this.#context?.give(pair)
  }
}

function rig() {
  const log: string[] = []
  const boundary = new BackpressureWatch().boundary(meter.stage('pairs', 'up'))
  const active = { half: new Pairs(log), stage: 1, direction: 'up' as const, boundary }
  const split: Step<unknown, unknown, unknown> = (bytes, out) => {
    for (const letter of String(bytes)) out.emit(letter)
  }
  const bytes: Step<unknown, unknown, unknown> = (item, out) => out.emit(Buffer.from(`<${item}>`))
  const fused = new FusedStream([run('up', split), active, run('down', bytes)], { bytesIn: true, bytesOut: true })
  return { fused, log }
}

test('runs and active halves share one stream: what goes in comes back, through all of them', async () => {
  const { fused, log } = rig()
  const out: string[] = []
  fused.stream.on('data', (chunk) => out.push(String(chunk)))
  fused.stream.write('abcd')
  fused.stream.write('e')
  assert.deepEqual(out, ['<ab>', '<cd>'])
  fused.stream.end()
  await once(fused.stream, 'close')
  assert.deepEqual(out, ['<ab>', '<cd>', '<e>'])
  assert.deepEqual(log, ['end', 'destroy'], 'each once')
})

test('nobody reads: what is in the stream is bounded, and the writer waits', async () => {
  const { fused } = rig()
  let more = true
  let written = 0
  while (more && written < 10_000_000) {
    more = fused.stream.write('x'.repeat(1000))
    written += 1000
    await new Promise(setImmediate)
  }
  assert.ok(written < 100_000, `${written}`)
  assert.ok(fused.stream.readableLength < 50_000, `${fused.stream.readableLength}`)
  fused.stream.destroy()
})

test('destroying it lets every part go at once, and nothing comes after', async () => {
  const { fused, log } = rig()
  const out: string[] = []
  fused.stream.on('data', (chunk) => out.push(String(chunk)))
  fused.stream.write('a')
  fused.stream.destroy()
  assert.equal(fused.gone, true)
  assert.deepEqual(log, ['destroy'])
  await once(fused.stream, 'close')
  assert.deepEqual(out, [])
  assert.equal(fused.room(), undefined)
})
