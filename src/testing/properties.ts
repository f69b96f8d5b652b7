import assert from 'node:assert/strict'
import { GatewayError } from '../core/errors.ts'
import type { Bytes, Level } from '../core/levels.ts'
import type { Stage } from '../core/stage.ts'
import { type CutOptions, cutAt, everyCut, seeded, singly } from './cuts.ts'
import { assertUnchanged, type Outcome, openDown, openUp, upOutcomes, valueText } from './outcomes.ts'

type DeframerOf<Inner extends Level> = Stage<Bytes, Inner>

/**
 * Asserts that a deframer gives the same frames, and refuses the same with the same words, showing the same bytes, however the
 * bytes are cut; see {@link everyCut}. `wire`: bytes as devices send them, or several runs of bytes, which are glued. Returns what
 * came out, as lines of text.
 */
export async function splitInvariant<Inner extends Level>(
  stage: DeframerOf<Inner>,
  wire: Buffer | readonly Buffer[],
  options: CutOptions = {},
): Promise<readonly string[]> {
  const bytes = Buffer.isBuffer(wire) ? wire : Buffer.concat(wire)
  const whole = (await upOutcomes(stage, [bytes])).map(({ text }) => text)
  for (const chunks of everyCut(bytes, options)) {
    const got = (await upOutcomes(stage, chunks)).map(({ text }) => text)
    assert.deepEqual(got, whole, `${stage.name}, cut into ${sizes(chunks)} of ${show(bytes)}`)
  }
  return whole
}

/**
 * Asserts that a deframer takes apart what its own down half put together: the frames come back, however the bytes are cut. Returns
 * the bytes.
 */
export async function roundTrip<Inner extends Level>(
  stage: DeframerOf<Inner>,
  frames: readonly Inner['down'][],
  options: CutOptions = {},
): Promise<Buffer> {
  const down = openDown(stage)
  for (const frame of frames) await down.push(frame)
  const pieces = down.outcomes.map((each) => {
    if ('emitted' in each) return each.emitted
    throw new assert.AssertionError({ message: `${stage.name} does not frame: ${each.text}` })
  })
  const wire = Buffer.concat(pieces)
  const sent = frames.map(valueText)
  for (const chunks of everyCut(wire, options)) {
    const got = (await upOutcomes(stage, chunks)).map(({ text }) => text)
    assert.deepEqual(got, sent, `${stage.name}, cut into ${sizes(chunks)} of ${show(wire)}`)
  }
  return wire
}

/** Options of {@link hostile}. */
export interface HostileOptions {
  /** Decides the random bytes; default 1. */
  readonly seed?: number
  /** How many random bytes; default 100,000. */
  readonly randomBytes?: number
  /** A connection holds no more than so many bytes, and gives up no longer frame; for framings only. Default: their own `maxBytes`. */
  readonly maxBytes?: number
}

/** What {@link hostile} did. */
export interface HostileReport {
  readonly seed: number
  readonly inputs: number
  readonly bytes: number
  readonly frames: number
  /** By code. */
  readonly errors: Readonly<Record<string, number>>
  /** The most that was held at a time; undefined of a stage that does not say. */
  readonly heldBytes: number | undefined
}

/**
 * Gives a deframer what a hostile or broken device would: random bytes; `wire`, which must be good, truncated at every byte, with every
 * byte changed, and with the lengths 0, -1, 2^32 - 1, 2^53 and 99999999, of 1 to 8 bytes and in either order, written at every place.
 * Asserts that nothing is thrown but coded errors, none of them a `BUG`, that the same bytes in single chunks give the same, and that
 * a framing holds no more than its bound and gives up nothing longer.
 *
 * It does not see whether a stage takes too long, keeps to a limit below its bound, or is right to swallow a frame that the end cut
 * short. Each byte of `wire` makes some twenty inputs of its length: a few short frames do. `CONFIGURATION` for `maxBytes` with a
 * stage that does not say what it holds.
 */
export async function hostile<Inner extends Level>(
  stage: DeframerOf<Inner>,
  wire: Buffer,
  options: HostileOptions = {},
): Promise<HostileReport> {
  const { seed = 1, randomBytes = 100_000 } = options
  const own = 'maxBytes' in stage ? Number(stage.maxBytes) : Number.POSITIVE_INFINITY
  const limit = options.maxBytes ?? own
  const heldAtFirst = openUp(stage).heldBytes()
  if (heldAtFirst === undefined && options.maxBytes !== undefined) {
    throw new GatewayError(
      'CONFIGURATION',
      `hostile: ${stage.name} does not say what it holds, so maxBytes cannot be asserted`,
    )
  }
  const report: Attack = { seed, limit, inputs: 0, bytes: 0, frames: 0, errors: {}, heldBytes: heldAtFirst }
  const good = await attack(stage, [wire], report)
  if (good.length === 0 || good.some((each) => !('emitted' in each))) {
    assert.fail(
      `${stage.name}: the wire must be good frames, not ${good.map(({ text }) => text).join(', ') || 'nothing'}`,
    )
  }
  for (const input of hostileInputs(wire, seed, randomBytes)) {
    const whole = await attack(stage, [input], report)
    for (const each of whole) {
      if ('error' in each) report.errors[each.error.code] = (report.errors[each.error.code] ?? 0) + 1
      else report.frames++
    }
    const singles = await attack(stage, singly(input), report)
    const message = `${stage.name} depends on the cutting of ${show(input)}`
    assert.deepEqual(
      singles.map(({ text }) => text),
      whole.map(({ text }) => text),
      message,
    )
    report.inputs++
    report.bytes += input.length
  }
  const { limit: _, ...told } = report
  return told
}

/** A report that is being made. */
interface Attack extends Omit<HostileReport, 'inputs' | 'bytes' | 'frames' | 'errors' | 'heldBytes'> {
  readonly limit: number
  inputs: number
  bytes: number
  frames: number
  errors: Record<string, number>
  heldBytes: number | undefined
}

/** Gives chunks to a stage of its own; what it refuses must be coded, and what it holds and gives up within its bound. */
async function attack<Inner extends Level>(
  stage: DeframerOf<Inner>,
  chunks: readonly Buffer[],
  report: Attack,
): Promise<readonly Outcome<Inner['up']>[]> {
  const half = openUp(stage)
  for (const chunk of chunks) {
    await half.push(chunk)
    const held = half.heldBytes()
    if (held !== undefined) {
      report.heldBytes = Math.max(report.heldBytes ?? 0, held)
      assert.ok(held <= report.limit, `${stage.name} held ${held} bytes, its bound is ${report.limit}`)
    }
  }
  await half.end()
  assertUnchanged(stage.name, half.outcomes)
  for (const each of half.outcomes) {
    if ('emitted' in each && Buffer.isBuffer(each.emitted)) {
      const { length } = each.emitted
      assert.ok(
        length <= report.limit,
        `${stage.name} gave up a frame of ${length} bytes, its bound is ${report.limit}`,
      )
    }
    if (!('error' in each) || each.error.code !== 'BUG') continue
    const { cause = each.error } = each.error
    assert.fail(`${stage.name} on ${show(Buffer.concat(chunks))}: ${cause instanceof Error ? cause.stack : cause}`)
  }
  return half.outcomes
}

/** Lengths that framings have got wrong, as they stand on the wire. */
const oddLengths: readonly Buffer[] = [
  ...[1, 2, 3, 4, 8].flatMap((size) => [Buffer.alloc(size), Buffer.alloc(size, 0xff)]),
  Buffer.of(0, 1),
  Buffer.of(0x80, 0, 0, 0),
  Buffer.of(0, 0x20, 0, 0, 0, 0, 0, 0),
  Buffer.of(0, 0, 0, 0, 0, 0, 0x20, 0),
  Buffer.from('99999999'),
  Buffer.from('-1'),
]

/** Random bytes that are given at a time. */
const randomInput = 2000

function* hostileInputs(wire: Buffer, seed: number, randomBytes: number): Generator<Buffer> {
  yield Buffer.alloc(0)
  for (let length = 1; length < wire.length; length++) yield wire.subarray(0, length)
  for (let at = 0; at < wire.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = Buffer.from(wire)
      changed[at] = (changed[at] as number) ^ change
      yield Buffer.concat([changed, wire])
    }
    for (const odd of oddLengths) {
      const [before, , after] = cutAt(wire, [at, Math.min(wire.length, at + odd.length)])
      yield Buffer.concat([before as Buffer, odd, after as Buffer, wire])
    }
  }
  const next = seeded(seed)
  for (let given = 0; given < randomBytes; given += randomInput) {
    // Among the bytes of good frames, so that marks and escapes come up often enough.
    const own = next() < 0.5
    yield Buffer.from(
      Array.from({ length: Math.min(randomInput, randomBytes - given) }, () =>
        own && wire.length > 0 ? (wire[Math.floor(next() * wire.length)] as number) : Math.floor(next() * 256),
      ),
    )
  }
}

function sizes(chunks: readonly Buffer[]): string {
  return chunks.length > 20 ? `${chunks.length} chunks` : chunks.map(({ length }) => length).join('+')
}

function show(bytes: Buffer): string {
  return bytes.length > 200 ? `${bytes.toString('hex', 0, 200)}… (${bytes.length} bytes)` : bytes.toString('hex')
}
