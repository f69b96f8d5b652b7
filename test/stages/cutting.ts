import fc from 'fast-check'
import { Connection } from '../../src/core/connection.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import type { Bytes, Level } from '../../src/core/levels.ts'
import type { EndingStep, Stage } from '../../src/core/stage.ts'
import { cutAt, stepOf } from '../../src/testing.ts'

export { cutAt }

/** What a deframer gave, in order: a frame, or what it refused. */
export interface Cut<Frame> {
  readonly events: ({ readonly frame: Frame } | { readonly error: GatewayError; readonly item: unknown })[]
  readonly frames: Frame[]
  readonly errors: GatewayError[]
}

/** Feeds chunks to the up half of a deframer and ends it. A throw is no way out here: whatever comes must go through the outlet. */
export function deframe<Inner extends Level<unknown, unknown>>(
  deframer: Stage<Bytes, Inner>,
  chunks: readonly Buffer[],
): Cut<Inner['up']> {
  const up = upOf(deframer)
  const cut: Cut<Inner['up']> = { events: [], frames: [], errors: [] }
  const out = {
    emit: (frame: Inner['up']) => {
      cut.events.push({ frame })
      cut.frames.push(frame)
    },
    reply: () => {
      throw new Error('a deframer does not answer')
    },
    fail: (error: GatewayError, item: unknown) => {
      cut.events.push({ error, item })
      cut.errors.push(error)
    },
  }
  for (const chunk of chunks) up.push(chunk, out)
  up.end(out)
  return cut
}

/** The up half of a deframer, opened for a connection of its own. */
export function upOf<Inner extends Level<unknown, unknown>>(
  deframer: Stage<Bytes, Inner>,
  connection: Connection = new Connection({ id: 'cut', pipeline: 'cut' }),
): EndingStep<Buffer, Inner['up'], Buffer> {
  const { up } = deframer.open(connection)
  if (up === undefined || !('end' in up) || 'pipe' in up) throw new Error('the deframer is no EndingStep')
  return up
}

/** What the down half of a deframer makes of one frame. */
export function frame<Inner extends Level<unknown, unknown>>(
  deframer: Stage<Bytes, Inner>,
  item: Inner['down'],
): Buffer {
  const { down } = deframer.open(new Connection({ id: 'framed', pipeline: 'framed' }))
  const framed: Buffer[] = []
  stepOf(down)(item, {
    emit: (bytes) => framed.push(bytes),
    reply: () => {},
    fail: (error) => {
      throw error
    },
  })
  return Buffer.concat(framed)
}

/** Every byte a chunk of its own. */
export function singly(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.of(byte))
}

/** Every way to cut bytes into chunks; for up to a dozen bytes. */
export function* everyCutting(bytes: Buffer): Generator<Buffer[]> {
  const places = Math.max(0, bytes.length - 1)
  for (let mask = 0; mask < 2 ** places; mask++) {
    yield cutAt(
      bytes,
      Array.from({ length: places }, (_, place) => place + 1).filter((place) => mask & (1 << (place - 1))),
    )
  }
}

/** Places at which to cut `bytes`, empty chunks among them. */
export function placesIn(bytes: Buffer): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(bytes.length), { maxLength: 20 })
}

/** Bytes from a small alphabet, so that delimiters, lengths and their beginnings come up often. */
export function bytesOf(alphabet: readonly number[], maxLength: number): fc.Arbitrary<Buffer> {
  return fc.array(fc.constantFrom(...alphabet), { maxLength }).map((bytes) => Buffer.from(bytes))
}
